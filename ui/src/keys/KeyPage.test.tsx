import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { graphql, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { memoryKeyStore, renderPage } from '../test/render'
import { KeyPage } from './KeyPage'

interface Key {
  readonly keyId: string
  readonly holder: string
  readonly state: string
}

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
beforeEach(() => vi.stubGlobal('isSecureContext', true))
afterEach(() => {
  server.resetHandlers()
  vi.unstubAllGlobals()
})
afterAll(() => server.close())

const node = (key: Key) => ({
  node: {
    __typename: 'RegisteredKey',
    protection: 'BROWSER',
    registeredAt: '2026-01-08T00:00:00Z',
    endorsedBy: null,
    validAt: null,
    revokedAt: null,
    revokedFor: null,
    ...key,
  },
})
const TO_SIGN = { domain: 'scf-key-registration/v1\n', text: '{"format":"scf-key-registration/1"}' }

/** An API that knows these keys, takes registrations, and keeps what it was sent. */
function serve(keys: Key[]) {
  const sent: Record<string, Record<string, unknown>[]> = {}
  const command = (operation: string, field: string, act: (input: Record<string, string>) => Key) =>
    graphql.mutation(operation, ({ variables }) => {
      const input = variables['input'] as Record<string, string>
      ;(sent[operation] ??= []).push(input)
      const key = { __typename: 'RegisteredKey', ...act(input) }
      const done = { __typename: 'CommandStatus', id: 'Command:1', state: 'DONE' }
      return HttpResponse.json({ data: { [field]: { __typename: 'KeyPayload', command: done, userErrors: [], key } } })
    })
  const change = (keyId: string | undefined, state: string): Key => {
    const at = keys.findIndex((key) => key.keyId === keyId)
    keys[at] = { ...(keys[at] as Key), state }
    return keys[at]
  }
  server.use(
    graphql.query('MyKeys', () => {
      const mine = keys.filter(({ holder }) => holder === 'user:anna')
      return HttpResponse.json({ data: { myKeys: { __typename: 'C', edges: mine.map(node) } } })
    }),
    graphql.query('KeysToEndorse', () => {
      const waiting = keys.filter(({ state }) => state === 'REGISTERED')
      return HttpResponse.json({ data: { keys: { __typename: 'C', edges: waiting.map(node) } } })
    }),
    graphql.mutation('RegistrationFor', () =>
      HttpResponse.json({
        data: { registrationFor: { __typename: 'P', toSign: { __typename: 'ToSign', ...TO_SIGN }, userErrors: [] } },
      }),
    ),
    command('RegisterKey', 'registerKey', () => {
      const key = { keyId: 'ab'.repeat(32), holder: 'user:anna', state: 'REGISTERED' }
      keys.push(key)
      return key
    }),
    command('EndorseKey', 'endorseKey', ({ keyId }) => change(keyId, 'VALID')),
    command('RevokeKey', 'revokeKey', ({ keyId }) => change(keyId, 'REVOKED')),
  )
  return sent
}

describe('the page of a person’s key', () => {
  it('makes a key in this browser and registers it with its own signature', async () => {
    const sent = serve([])
    const store = memoryKeyStore()
    renderPage(<KeyPage />, undefined, store)
    await screen.findByText('You have not registered a key yet.')
    await userEvent.click(screen.getByRole('button', { name: 'Make a key in this browser' }))
    await screen.findByText('waits for a second person')
    const [kept] = await store.ofAccount('anna')
    expect(kept?.privateKey.extractable).toBe(false)
    expect(sent['RegisterKey']).toEqual([
      {
        idempotencyKey: expect.any(String) as string,
        registration: TO_SIGN.text,
        publicKeyBase64: expect.any(String) as string,
        signatureBase64: expect.stringMatching(/^[A-Za-z0-9+/]{86}==$/) as string,
      },
    ])
  })

  it('makes no key on a page that anybody could have changed', async () => {
    const sent = serve([])
    vi.stubGlobal('isSecureContext', false)
    renderPage(<KeyPage />)
    await userEvent.click(await screen.findByRole('button', { name: 'Make a key in this browser' }))
    await screen.findByText('key.insecure_page')
    expect(sent).toEqual({})
  })

  it('revokes a key once the reason is said', async () => {
    const sent = serve([{ keyId: 'cd'.repeat(32), holder: 'user:anna', state: 'VALID' }])
    renderPage(<KeyPage />)
    const card = await screen.findByTestId('my-key')
    within(card).getByText(/in another place/)
    await userEvent.click(within(card).getByRole('button', { name: 'Revoke' }))
    await userEvent.selectOptions(within(card).getByLabelText('Why is it revoked?'), 'COMPROMISED')
    await userEvent.click(within(card).getByRole('button', { name: 'Revoke for good' }))
    await within(card).findByText('revoked')
    expect(sent['RevokeKey']?.[0]).toMatchObject({ keyId: 'cd'.repeat(32), reason: 'COMPROMISED' })
  })

  it('endorses the key of somebody else, once the fingerprint is compared, and never one’s own', async () => {
    const sent = serve([
      { keyId: 'cd'.repeat(32), holder: 'user:ines', state: 'REGISTERED' },
      { keyId: 'ef'.repeat(32), holder: 'user:anna', state: 'REGISTERED' },
    ])
    renderPage(<KeyPage />)
    const card = await screen.findByTestId('key-to-endorse')
    within(card).getByText('ines')
    const button = within(card).getByRole('button', { name: 'Endorse' })
    expect(button).toHaveProperty('disabled', true)
    await userEvent.click(within(card).getByRole('checkbox'))
    await userEvent.click(button)
    await waitFor(() => expect(screen.queryByTestId('key-to-endorse')).toBeNull())
    expect(sent['EndorseKey']?.map(({ keyId }) => keyId)).toEqual(['cd'.repeat(32)])
  })
})
