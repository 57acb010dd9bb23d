import { MantineProvider } from '@mantine/core'
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router'
import { render, type RenderResult } from '@testing-library/react'
import type { ReactElement } from 'react'
import { Provider } from 'urql'

import { makeClient } from '../app/client'
import { theme } from '../app/theme'
import { type KeyStore, KeyStoreContext } from '../keys/keyStore'
import type { PersonKey } from '../keys/personKey'
import { SessionContext } from '../session/session'

/** Where the mocked API of a test listens. */
export const API = 'http://api.test/graphql'

/** Keeps keys as long as a test runs: jsdom has no IndexedDB. */
export function memoryKeyStore(...keys: readonly PersonKey[]): KeyStore {
  const kept = new Map(keys.map((key) => [key.keyId, key]))
  return {
    ofAccount: async (account) => [...kept.values()].filter((key) => key.account === account),
    keep: async (key) => void kept.set(key.keyId, key),
    forget: async (keyId) => void kept.delete(keyId),
  }
}

/** Renders a page with what surrounds it in the app: theme, client, routes, and the session of `anna`, from operations. */
export function renderPage(
  page: ReactElement,
  onSignedOut: () => void = () => {},
  keys: KeyStore = memoryKeyStore(),
  roles: readonly string[] = ['operations'],
): RenderResult {
  const root = createRootRoute({ component: () => page })
  const others = ['/cases', '/cases/$caseId', '/tasks', '/tasks/$taskId', '/key'].map((path) =>
    createRoute({ getParentRoute: () => root, path }),
  )
  const router = createRouter({
    routeTree: root.addChildren(others),
    history: createMemoryHistory({ initialEntries: ['/tasks'] }),
  })
  return render(
    <MantineProvider theme={theme} env="test">
      <Provider value={makeClient(API, onSignedOut)}>
        <SessionContext value={{ me: { name: 'anna', roles }, signOut: () => {} }}>
          <KeyStoreContext value={keys}>
            <RouterProvider router={router as never} />
          </KeyStoreContext>
        </SessionContext>
      </Provider>
    </MantineProvider>,
  )
}
