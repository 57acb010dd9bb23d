import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { graphql, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { toHex, utf8 } from '../proof/bytes'
import { sha256 } from '../proof/merkle'
import { renderPage } from '../test/render'
import { ScorePage } from './ScorePage'

const INPUTS = '{"days_late_12m":null,"equity_ratio":"0.40"}'
const reason = (feature: string, bin: string, points: number) => ({
  __typename: 'ScoreReason',
  feature,
  bin,
  points,
  lost: 20 - points,
  message: '',
})
const figure = (name: string, value: string | null) => ({ __typename: 'ScoredFigure', name, value })
const SCORE = {
  __typename: 'ScoreRun',
  id: 'ScoreRun:1',
  points: 560,
  pd: '0.0312',
  grade: 'C',
  synthetic: true,
  at: '2026-11-02T12:00:00Z',
  inputsHash: '',
  cardId: 'ab'.repeat(32),
  party: { __typename: 'Party', id: 'Party:1', name: 'Alpha Mills', identifier: '0088:1' },
  entry: null,
  reasons: [reason('equity_ratio', '0.3 to 0.5', 10)],
  lineage: {
    __typename: 'ScoreLineage',
    canonicalInputs: INPUTS,
    figures: [
      {
        ...figure('equity_ratio', '0.40'),
        source: 'statement of 2025-12-31, document 1',
        observedOn: '2025-12-31',
        field: '/figures/equity_ratio',
        document: { __typename: 'Document', id: 'Document:1', filename: 'alpha.json', contentHash: 'cd'.repeat(32) },
      },
      { ...figure('days_late_12m', null), source: null, observedOn: null, field: null, document: null },
    ],
  },
}
const eur = (amount: string) => ({ __typename: 'Money', amount, currency: 'EUR' })
const limit = (amount: string) => ({
  __typename: 'WhatIfLimit',
  scope: 'SELLER',
  bindingCap: 'need',
  reviewOn: '2027-05-02',
  needsSecondPerson: false,
  amount: eur(amount),
  present: { __typename: 'Limit', id: 'Limit:1', state: 'ACTIVE', partyName: 'Alpha Mills', amount: eur('1000.00') },
  raises: [
    {
      __typename: 'LimitRaise',
      input: 'annual_volume',
      now: '9000',
      needed: '12000.00',
      bindingCap: 'capacity',
      amount: eur('2000.00'),
    },
  ],
})
const NOW = {
  __typename: 'WhatIf',
  points: 560,
  pd: '0.0312',
  grade: 'C',
  reasons: SCORE.reasons,
  figures: [figure('equity_ratio', '0.40'), figure('days_late_12m', null)],
  limits: [limit('1000.00')],
}
const BETTER = {
  ...NOW,
  points: 570,
  grade: 'B',
  reasons: [reason('equity_ratio', 'over 0.5', 20)],
  limits: [limit('1200.00')],
}

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const serveScore = (score: object) => server.use(graphql.query('Score', () => HttpResponse.json({ data: { node: score } })))

function serveWhatIf(answer: () => Response | HttpResponse<object>): unknown[] {
  const asked: unknown[] = []
  server.use(
    graphql.query('WhatIf', ({ variables }) => {
      const { figures } = variables['input'] as { figures: unknown[] }
      if (figures.length === 0) return HttpResponse.json({ data: { whatIf: NOW } })
      asked.push(figures)
      return answer() as HttpResponse<{ data: object }>
    }),
  )
  return asked
}

describe('the page of a score', () => {
  it('names the document and the field of each figure, and checks the hash itself', async () => {
    serveScore({ ...SCORE, inputsHash: toHex(await sha256(utf8(INPUTS))) })
    serveWhatIf(() => HttpResponse.json({ data: { whatIf: NOW } }))
    renderPage(<ScorePage runId="ScoreRun:1" />)
    const sources = await screen.findByRole('table', { name: 'Figures' })
    within(sources).getByText('alpha.json')
    within(sources).getByText('/figures/equity_ratio')
    within(sources).getByText('not known')
    expect(await screen.findByTestId('inputs-match')).toBeTruthy()
  })

  it('says so when the figures are not those that were scored', async () => {
    serveScore({ ...SCORE, inputsHash: 'ef'.repeat(32) })
    serveWhatIf(() => HttpResponse.json({ data: { whatIf: NOW } }))
    renderPage(<ScorePage runId="ScoreRun:1" />)
    await screen.findByText(/^These figures are not what was scored/)
    expect(screen.queryByTestId('inputs-match')).toBeNull()
  })

  it('says so when there is no such score', async () => {
    server.use(graphql.query('Score', () => HttpResponse.json({ data: { node: null } })))
    renderPage(<ScorePage runId="ScoreRun:2" />)
    expect(await screen.findByText(/^There is no such score/)).toBeTruthy()
  })
})

describe('what if', () => {
  it('asks with the figures that were changed alone, and shows points and limit beside the present ones', async () => {
    serveScore(SCORE)
    const asked = serveWhatIf(() => HttpResponse.json({ data: { whatIf: BETTER } }))
    renderPage(<ScorePage runId="ScoreRun:1" />)
    const field = await screen.findByLabelText('equity ratio')
    await userEvent.clear(field)
    await userEvent.type(field, '0.70')
    await userEvent.click(screen.getByRole('button', { name: 'Ask' }))
    const answer = await screen.findByTestId('what-if-answer')
    within(answer).getByText(/570/)
    within(answer).getByText(/equity ratio over 0.5: 20 points \(\+10\)/)
    within(answer).getByText('EUR 1,200.00')
    within(answer).getByText(/annual volume 12,000.00 instead of 9,000/)
    expect(asked).toEqual([[{ name: 'equity_ratio', value: '0.70' }]])
  })

  it('names the figure that cannot be', async () => {
    serveScore(SCORE)
    serveWhatIf(() =>
      HttpResponse.json({
        errors: [
          {
            message: 'equity_ratio must be a decimal number.',
            extensions: { code: 'scoring.value_type', where: 'equity_ratio' },
          },
        ],
        data: { whatIf: null },
      }),
    )
    renderPage(<ScorePage runId="ScoreRun:1" />)
    await userEvent.type(await screen.findByLabelText('equity ratio'), 'x')
    await userEvent.click(screen.getByRole('button', { name: 'Ask' }))
    await screen.findByText('scoring.value_type')
    expect(await screen.findByText('Where: equity_ratio')).toBeTruthy()
  })
})
