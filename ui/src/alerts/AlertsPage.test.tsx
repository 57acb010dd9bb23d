import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { graphql, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { renderPage } from '../test/render'
import { AlertsPage } from './AlertsPage'

const OPEN = {
  __typename: 'Alert',
  id: 'Alert:1',
  rule: 'drift',
  measure: 'hold',
  message: 'It pays nine days later than it did.',
  raisedAt: '2026-11-02T12:00:00Z',
  state: 'OPEN',
  note: null,
  judgedBy: null,
  judgedAt: null,
  party: { __typename: 'Party', id: 'Party:1', name: 'Delta Retail' },
}
const RATE = { __typename: 'Misjudgement', rule: 'drift', raised: 3, judged: 2, false: 1, rate: 0.5, low: 0.09, high: 0.91 }
const OFFICER = ['credit_officer']

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

function serve(alerts: readonly object[]): void {
  server.use(
    graphql.query('Alerts', ({ variables }) => {
      const shown = alerts.filter((alert) => (alert as typeof OPEN).state === variables['state'])
      const pageInfo = { __typename: 'PageInfo', hasNextPage: false, endCursor: null }
      const edges = shown.map((node) => ({ __typename: 'AlertEdge', node }))
      return HttpResponse.json({ data: { alerts: { __typename: 'AlertConnection', edges, pageInfo } } })
    }),
    graphql.query('Misjudgements', () => HttpResponse.json({ data: { misjudgements: [RATE] } })),
  )
}

function serveVerdict(...answers: readonly object[]): Record<string, unknown>[] {
  const inputs: Record<string, unknown>[] = []
  server.use(
    graphql.mutation('JudgeAlert', ({ variables }) => {
      const answer = answers[Math.min(inputs.length, answers.length - 1)]
      inputs.push(variables['input'] as Record<string, unknown>)
      return HttpResponse.json({ data: { judgeAlert: { __typename: 'JudgeAlertPayload', alert: null, ...answer } } })
    }),
  )
  return inputs
}

const DONE = { command: { __typename: 'CommandStatus', id: 'Command:1', state: 'DONE' }, userErrors: [] }
const REFUSED = {
  command: { __typename: 'CommandStatus', id: 'Command:1', state: 'REFUSED' },
  userErrors: [
    { __typename: 'UserError', code: 'scoring.alert_judged', field: null, message: 'ben has called it true.', hint: null },
  ],
}

describe('an alert', () => {
  it('is called false by an officer, who says why', async () => {
    serve([OPEN])
    const inputs = serveVerdict(DONE)
    renderPage(<AlertsPage />, undefined, undefined, OFFICER)
    await screen.findByText('It pays nine days later than it did.')
    await userEvent.type(screen.getByLabelText('Why, drift, Delta Retail'), 'A holiday')
    serve([{ ...OPEN, state: 'FALSE', note: 'A holiday', judgedBy: 'anna', judgedAt: '2026-11-03T12:00:00Z' }])
    await userEvent.click(screen.getByRole('button', { name: 'It was false, drift, Delta Retail' }))
    await screen.findByText('No alert waits for a verdict.')
    expect(inputs).toEqual([
      {
        alertId: 'Alert:1',
        verdict: 'FALSE',
        note: 'A holiday',
        idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      },
    ])
    await userEvent.click(screen.getByRole('radio', { name: 'Were false' }))
    await screen.findByText('A holiday')
  })

  it('shows why a verdict was refused, and sends the next as a command of its own', async () => {
    serve([OPEN])
    const inputs = serveVerdict(REFUSED)
    renderPage(<AlertsPage />, undefined, undefined, OFFICER)
    const button = await screen.findByRole('button', { name: 'It was true, drift, Delta Retail' })
    await userEvent.click(button)
    await screen.findByText('scoring.alert_judged')
    await userEvent.click(button)
    await waitFor(() => expect(inputs).toHaveLength(2))
    expect(inputs[0]?.['idempotencyKey']).not.toBe(inputs[1]?.['idempotencyKey'])
  })

  it('waits for an officer where somebody else reads', async () => {
    serve([OPEN])
    renderPage(<AlertsPage />)
    await screen.findByText('An officer decides.')
    expect(screen.queryByRole('button', { name: /^It was/ })).toBeNull()
  })
})

it('tells how often a rule was wrong, with its interval', async () => {
  serve([])
  renderPage(<AlertsPage />)
  expect(await screen.findByText('50 % (9 % – 91 %)')).toBeTruthy()
})
