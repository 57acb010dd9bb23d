import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { graphql, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { makeKey } from '../keys/personKey'
import { declared } from '../keys/statement'
import { toHex, utf8 } from '../proof/bytes'
import { sorted } from '../proof/json'
import { sha256 } from '../proof/merkle'
import { memoryKeyStore, renderPage } from '../test/render'
import { TaskPage } from './TaskPage'

const TASK = {
  __typename: 'Task',
  id: 'Task:1',
  element: 'approve',
  name: 'Approve payment',
  state: 'claimed',
  candidateGroups: ['credit_officer'],
  assignee: 'anna',
  due: null,
  createdAt: '2026-01-08T00:00:00Z',
  completedAt: null as string | null,
  completedBy: null as string | null,
  form: { components: [{ type: 'textarea', key: 'reason', label: 'Reason' }] },
  variables: { face: '500.00' },
  requiresSignature: true,
  case: null,
}
const DOMAIN = 'scf-statement/v1\n'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

/** An API with the task, on which Anna's key is valid; `shown` is what it says that the task shows. */
async function serve(keyId: string, shown: unknown = TASK.variables) {
  const sent: Record<string, unknown>[] = []
  server.use(
    graphql.query('Task', () => HttpResponse.json({ data: { task: sent.length ? { ...TASK, state: 'completed' } : TASK } })),
    graphql.query('MyKeys', () =>
      HttpResponse.json({
        data: { myKeys: { __typename: 'C', edges: [{ node: { __typename: 'RegisteredKey', keyId, state: 'VALID' } }] } },
      }),
    ),
    graphql.mutation('StatementFor', async ({ variables }) => {
      const input = variables['input'] as { variables: Record<string, unknown> }
      const nonce = '0'.repeat(32)
      const text = sorted({
        format: 'scf-statement/1',
        account: 'user:anna',
        key_id: keyId,
        task: '1',
        decision: await declared(input.variables, nonce),
        shown: { variables: toHex(await sha256(utf8(sorted(shown)))) },
        nonce,
      })
      const toSign = { __typename: 'ToSign', domain: DOMAIN, text }
      return HttpResponse.json({ data: { statementFor: { __typename: 'P', toSign, userErrors: [] } } })
    }),
    graphql.mutation('CompleteTask', ({ variables }) => {
      sent.push(variables['input'] as Record<string, unknown>)
      const command = { __typename: 'CommandStatus', id: 'Command:1', state: 'DONE' }
      return HttpResponse.json({
        data: { completeTask: { __typename: 'TaskPayload', command, userErrors: [], task: null } },
      })
    }),
  )
  return sent
}

describe('a task whose decision is signed', () => {
  it('shows exactly what is signed, and sends that with its signature', async () => {
    const key = await makeKey('anna')
    const sent = await serve(key.keyId)
    renderPage(<TaskPage taskId="Task:1" />, undefined, memoryKeyStore(key))
    await userEvent.type(await screen.findByLabelText('Reason'), 'Sound')
    await userEvent.click(await screen.findByRole('button', { name: 'Review and sign' }))
    const text = (await screen.findByLabelText('The text that is signed')).textContent
    screen.getByText('Sound', { selector: 'dd' })
    expect(sent).toEqual([])
    await userEvent.click(screen.getByRole('button', { name: 'Sign and complete' }))
    await waitFor(() => expect(sent).toHaveLength(1))
    const signed = sent[0]?.['signed'] as { statement: string; signatureBase64: string }
    expect(DOMAIN + signed.statement).toBe(text)
    expect(atob(signed.signatureBase64)).toHaveLength(64)
  })

  it('signs nothing when the platform asks for something else than the page shows', async () => {
    const key = await makeKey('anna')
    const sent = await serve(key.keyId, { face: '900.00' })
    renderPage(<TaskPage taskId="Task:1" />, undefined, memoryKeyStore(key))
    await userEvent.click(await screen.findByRole('button', { name: 'Review and sign' }))
    await screen.findByText('statement.other')
    expect(screen.queryByTestId('to-sign')).toBeNull()
    expect(sent).toEqual([])
  })

  it('asks for another look when an answer is changed', async () => {
    const key = await makeKey('anna')
    await serve(key.keyId)
    renderPage(<TaskPage taskId="Task:1" />, undefined, memoryKeyStore(key))
    await userEvent.click(await screen.findByRole('button', { name: 'Review and sign' }))
    await screen.findByTestId('to-sign')
    await userEvent.type(screen.getByLabelText('Reason'), 'x')
    expect(screen.queryByTestId('to-sign')).toBeNull()
    screen.getByRole('button', { name: 'Review and sign' })
  })

  it('says where to get a key when there is none', async () => {
    await serve('ab'.repeat(32))
    renderPage(<TaskPage taskId="Task:1" />)
    await screen.findByText(/must be signed with a key of your own/)
    expect(screen.getByRole('link', { name: 'My key' }).getAttribute('href')).toBe('/key')
  })
})
