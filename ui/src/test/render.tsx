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
import { SessionContext } from '../session/session'

/** Where the mocked API of a test listens. */
export const API = 'http://api.test/graphql'

/** Renders a page with what surrounds it in the app: theme, client, routes, and the session of `anna`. */
export function renderPage(page: ReactElement, onSignedOut: () => void = () => {}): RenderResult {
  const root = createRootRoute({ component: () => page })
  const others = ['/cases', '/cases/$caseId', '/tasks', '/tasks/$taskId'].map((path) =>
    createRoute({ getParentRoute: () => root, path }),
  )
  const router = createRouter({
    routeTree: root.addChildren(others),
    history: createMemoryHistory({ initialEntries: ['/tasks'] }),
  })
  return render(
    <MantineProvider theme={theme} env="test">
      <Provider value={makeClient(API, onSignedOut)}>
        <SessionContext value={{ me: { name: 'anna', roles: ['operations'] }, signOut: () => {} }}>
          <RouterProvider router={router as never} />
        </SessionContext>
      </Provider>
    </MantineProvider>,
  )
}
