import { Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import type { ScoreQuery as ScoreData } from '../gql/graphql'
import { formatShare } from '../money/money'
import { formatDate, formatInstant } from '../time/time'
import { HashCheck } from './HashCheck'
import { ScoreQuery } from './queries'
import { WhatIfForm } from './WhatIfForm'
import { figureName } from './whatIf'

type Score = Extract<NonNullable<ScoreData['node']>, { points: number }>
type Figure = NonNullable<Score['lineage']>['figures'][number]
type Reason = Score['reasons'][number]

const REASONS: readonly Column<Reason>[] = [
  { title: 'Feature', cell: ({ feature }) => <b>{figureName(feature)}</b> },
  { title: 'Bin', cell: ({ bin }) => bin },
  { title: 'Points', numeric: true, cell: ({ points }) => points },
  { title: 'Below its best bin', numeric: true, cell: ({ lost }) => lost },
]

const FIGURES: readonly Column<Figure>[] = [
  { title: 'Figure', cell: ({ name }) => <b>{figureName(name)}</b> },
  { title: 'Value', numeric: true, cell: ({ value }) => value ?? 'not known' },
  { title: 'As of', cell: ({ observedOn }) => (observedOn ? formatDate(observedOn) : '—') },
  { title: 'Source', cell: ({ document, source }) => document?.filename ?? source ?? '—' },
  { title: 'Place in it', cell: ({ field }) => (field ? <span className="hash">{field}</span> : '—') },
]

/** One score: why it is so, from which fields of which documents it came, and what it would be otherwise. */
export function ScorePage({ runId }: { runId: string }) {
  const [result, reload] = useQuery({ query: ScoreQuery, variables: { id: runId } })
  return (
    <Loaded result={result} onRetry={reload}>
      {({ node }) =>
        node && 'points' in node ? (
          <Stack gap="lg">
            <ScoreHead score={node} />
            <section aria-label="Why">
              <Title order={2} size="h4" mb="xs">
                Why
              </Title>
              <RecordTable caption="Points" columns={REASONS} rows={node.reasons} rowKey={({ feature }) => feature} />
            </section>
            <section aria-label="Figures and their sources">
              <Title order={2} size="h4" mb="xs">
                Figures and their sources
              </Title>
              {node.lineage ? (
                <Stack gap="sm">
                  <RecordTable caption="Figures" columns={FIGURES} rows={node.lineage.figures} rowKey={({ name }) => name} />
                  <HashCheck inputs={node.lineage.canonicalInputs} hash={node.inputsHash} />
                </Stack>
              ) : (
                <Empty>The figures of this score were erased.</Empty>
              )}
            </section>
            {node.lineage && <WhatIfForm runId={node.id} />}
          </Stack>
        ) : (
          <>
            <PageHead title="Score" />
            <Empty>
              There is no such score, or you may not see it. <Link to="/cases">All cases</Link>
            </Empty>
          </>
        )
      }
    </Loaded>
  )
}

function ScoreHead({ score: { party, points, grade, pd, synthetic, at, cardId, entry } }: { score: Score }) {
  return (
    <div>
      <PageHead title={`Score of ${party?.name ?? 'a company'}`}>
        {synthetic && <StateBadge state="card trained on simulated data" tone="amber" />}
      </PageHead>
      <Text>
        <span className="score">{points}</span> points, grade {grade}, probability of default {formatShare(pd)}
      </Text>
      <Text size="sm" className="quiet">
        {[party?.identifier, formatInstant(at), entry?.index != null && `ledger entry #${entry.index}`]
          .filter(Boolean)
          .join(' · ')}
      </Text>
      <Text size="sm" className="quiet">
        Card <span className="hash">{cardId}</span>
      </Text>
    </div>
  )
}
