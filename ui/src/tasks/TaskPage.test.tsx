import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { graphql, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { renderPage } from '../test/render'
import { TaskPage } from './TaskPage'

const TASK = {
  __typename: 'Task',
  id: 'Task:1',
  element: 'review',
  name: 'Review match exception',
  state: 'open',
  candidateGroups: ['operations'],
  assignee: null as string | null,
  due: null,
  createdAt: '2026-01-08T00:00:00Z',
  completedAt: null as string | null,
  completedBy: null as string | null,
  form: {
    components: [
      {
        type: 'radio',
        key: 'decision',
        label: 'Decision',
        validate: { required: true },
        values: [{ value: 'accept', label: 'Accept' }],
      },
      { type: 'number', key: 'eligibleAmount', label: 'Eligible amount' },
      { type: 'textarea', key: 'reason', label: 'Reason', validate: { required: true } },
    ],
  },
  variables: { invoiceNumber: 'INV-7', eligibleAmount: '90.10' },
  requiresSignature: false,
  case: null,
}
const CLAIMED = { ...TASK, state: 'claimed', assignee: 'anna' }

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const serveTask = (task: typeof TASK) => graphql.query('Task', () => HttpResponse.json({ data: { task } }))

/** Answers `operation` with a payload and keeps the inputs that arrived. */
function serveCommand(operation: string, field: string, ...payloads: readonly object[]): Record<string, unknown>[] {
  const inputs: Record<string, unknown>[] = []
  server.use(
    graphql.mutation(operation, ({ variables }) => {
      const payload = payloads[Math.min(inputs.length, payloads.length - 1)]
      inputs.push(variables['input'] as Record<string, unknown>)
      return HttpResponse.json({ data: { [field]: { __typename: 'TaskPayload', task: null, ...payload } } })
    }),
  )
  return inputs
}

const DONE = { command: { __typename: 'CommandStatus', id: 'Command:1', state: 'DONE' }, userErrors: [] }
const refused = (code: string) => ({
  command: { __typename: 'CommandStatus', id: 'Command:1', state: 'REFUSED' },
  userErrors: [
    { __typename: 'UserError', code, field: 'taskId', message: 'You completed its twin.', hint: 'Ask another officer.' },
  ],
})

describe('an open task', () => {
  it('is claimed by its button, and then asks its form', async () => {
    server.use(serveTask(TASK))
    const inputs = serveCommand('ClaimTask', 'claimTask', DONE)
    renderPage(<TaskPage taskId="Task:1" />)
    await screen.findByText('INV-7')
    const button = await screen.findByRole('button', { name: 'Claim' })
    server.use(serveTask(CLAIMED))
    await userEvent.click(button)
    await screen.findByRole('button', { name: 'Complete' })
    expect(inputs).toEqual([{ taskId: 'Task:1', idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/) as string }])
  })

  it('says who has it when somebody else was faster', async () => {
    server.use(serveTask({ ...CLAIMED, assignee: 'ben' }))
    renderPage(<TaskPage taskId="Task:1" />)
    await screen.findByText('ben')
    expect(screen.queryByRole('button')).toBeNull()
  })
})

describe('the form of a claimed task', () => {
  it('is not sent before its required fields are filled', async () => {
    server.use(serveTask(CLAIMED))
    const inputs = serveCommand('CompleteTask', 'completeTask', DONE)
    renderPage(<TaskPage taskId="Task:1" />)
    await userEvent.click(await screen.findByRole('button', { name: 'Complete' }))
    expect(await screen.findAllByText('This is required.')).toHaveLength(2)
    expect(inputs).toEqual([])
  })

  it('sends amounts as they were written', async () => {
    server.use(serveTask(CLAIMED))
    const inputs = serveCommand('CompleteTask', 'completeTask', DONE)
    renderPage(<TaskPage taskId="Task:1" />)
    await userEvent.click(await screen.findByLabelText('Accept'))
    await userEvent.type(screen.getByLabelText(/^Reason/), 'Short receipt')
    server.use(serveTask({ ...CLAIMED, state: 'completed', completedBy: 'anna', completedAt: '2026-01-09T00:00:00Z' }))
    await userEvent.click(screen.getByRole('button', { name: 'Complete' }))
    await screen.findByText(/^Completed by/)
    expect(inputs.map(({ variables }) => variables)).toEqual([
      { decision: 'accept', eligibleAmount: '90.10', reason: 'Short receipt' },
    ])
  })

  it('shows why it was refused, and sends the next attempt as a command of its own', async () => {
    server.use(serveTask({ ...CLAIMED, form: { components: [] } }))
    const inputs = serveCommand('CompleteTask', 'completeTask', refused('task.four_eyes'))
    renderPage(<TaskPage taskId="Task:1" />)
    await userEvent.click(await screen.findByRole('button', { name: 'Complete' }))
    await screen.findByText('task.four_eyes')
    screen.getByText('Ask another officer.')
    await userEvent.click(screen.getByRole('button', { name: 'Complete' }))
    await waitFor(() => expect(inputs).toHaveLength(2))
    expect(inputs[0]?.['idempotencyKey']).not.toBe(inputs[1]?.['idempotencyKey'])
  })

  it('repeats a command whose answer was lost under the same key', async () => {
    server.use(serveTask({ ...CLAIMED, form: { components: [] } }))
    const keys: unknown[] = []
    server.use(
      graphql.mutation('CompleteTask', ({ variables }) => {
        keys.push((variables['input'] as Record<string, unknown>)['idempotencyKey'])
        return HttpResponse.error()
      }),
    )
    renderPage(<TaskPage taskId="Task:1" />)
    const button = await screen.findByRole('button', { name: 'Complete' })
    await userEvent.click(button)
    await screen.findByText('network.unreachable')
    await userEvent.click(button)
    await waitFor(() => expect(keys).toHaveLength(2))
    expect(keys[0]).toBe(keys[1])
  })

  it('tells that the command is accepted while the case is still at work', async () => {
    server.use(serveTask({ ...CLAIMED, form: { components: [] } }))
    serveCommand('CompleteTask', 'completeTask', { ...DONE, command: { ...DONE.command, state: 'ACCEPTED' } })
    renderPage(<TaskPage taskId="Task:1" />)
    await userEvent.click(await screen.findByRole('button', { name: 'Complete' }))
    await screen.findByText(/^Accepted/)
    expect(screen.getByRole('button', { name: 'Complete' })).toHaveProperty('disabled', true)
  })
})

describe('a session that has ended', () => {
  it('is told to the app', async () => {
    server.use(
      graphql.query('Task', () =>
        HttpResponse.json({ errors: [{ message: 'Log in first.', extensions: { code: 'auth.required' } }] }),
      ),
    )
    let signedOut = 0
    renderPage(<TaskPage taskId="Task:1" />, () => {
      signedOut += 1
    })
    await screen.findByText('auth.required')
    expect(signedOut).toBe(1)
  })
})
