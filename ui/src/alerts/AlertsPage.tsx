import { SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge, stateText } from '../app/StateBadge'
import type { AlertState, AlertsQuery as AlertsData, MisjudgementsQuery as MisjudgementsData } from '../gql/graphql'
import { useSession } from '../session/session'
import { formatInstant } from '../time/time'
import { JudgeAlert } from './JudgeAlert'
import { AlertsQuery, MisjudgementsQuery } from './queries'
import { mayJudge } from './roles'

type AlertRow = AlertsData['alerts']['edges'][number]['node'] & { readonly onJudged: () => void }
type RateRow = MisjudgementsData['misjudgements'][number]

const VIEWS: readonly { readonly value: AlertState; readonly label: string; readonly empty: string }[] = [
  { value: 'OPEN', label: 'Open', empty: 'No alert waits for a verdict.' },
  { value: 'TRUE', label: 'Were true', empty: 'No alert was called true.' },
  { value: 'FALSE', label: 'Were false', empty: 'No alert was called false.' },
]
const YEAR = 365 * 86_400_000

const ALERTS: readonly Column<AlertRow>[] = [
  { title: 'Buyer', cell: ({ party }) => <b>{party?.name ?? '—'}</b> },
  { title: 'Warning', cell: ({ message }) => message || 'Its text was erased.' },
  { title: 'Rule', cell: ({ rule }) => stateText(rule) },
  { title: 'Measure', cell: ({ measure }) => <StateBadge state={measure} tone={measure === 'hold' ? 'red' : 'amber'} /> },
  { title: 'Raised', cell: ({ raisedAt }) => formatInstant(raisedAt) },
  { title: 'Verdict', cell: (alert) => <Verdict alert={alert} /> },
]

const RATES: readonly Column<RateRow>[] = [
  { title: 'Rule', cell: ({ rule }) => <b>{stateText(rule)}</b> },
  { title: 'Raised', numeric: true, cell: ({ raised }) => raised },
  { title: 'Judged', numeric: true, cell: ({ judged }) => judged },
  { title: 'Were false', numeric: true, cell: (row) => row.false },
  {
    title: 'Share (95 % interval)',
    numeric: true,
    cell: ({ rate, low, high }) => (rate == null ? '—' : `${percent(rate)} (${percent(low)} – ${percent(high)})`),
  },
]

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

/** Warnings about buyers, which an officer calls true or false, and how often each rule was wrong. */
export function AlertsPage() {
  const [view, setView] = useState<AlertState>('OPEN')
  return (
    <>
      <PageHead title="Alerts">
        <SegmentedControl
          aria-label="Which alerts"
          value={view}
          data={VIEWS.map(({ value, label }) => ({ value, label }))}
          onChange={(value) => setView(value as AlertState)}
        />
      </PageHead>
      <Stack gap="xl">
        <AlertList key={view} view={view} />
        <Rates />
      </Stack>
    </>
  )
}

function AlertList({ view }: { view: AlertState }) {
  const pages = usePages()
  const [result, reload] = useQuery({ query: AlertsQuery, variables: { state: view, after: pages.after } })
  const look = () => reload({ requestPolicy: 'network-only' })
  return (
    <Loaded result={result} onRetry={look}>
      {({ alerts: { edges, pageInfo } }) =>
        edges.length === 0 ? (
          <Empty>{VIEWS.find(({ value }) => value === view)?.empty}</Empty>
        ) : (
          <>
            <RecordTable
              caption="Alerts"
              columns={ALERTS}
              rows={edges.map(({ node }) => ({ ...node, onJudged: look }))}
              rowKey={({ id }) => id}
            />
            <Pager pages={pages} pageInfo={pageInfo} />
          </>
        )
      }
    </Loaded>
  )
}

function Verdict({ alert: { id, rule, party, state, judgedBy, judgedAt, note, onJudged } }: { alert: AlertRow }) {
  const { me } = useSession()
  if (state === 'OPEN') {
    if (!mayJudge(me.roles)) return 'An officer decides.'
    return <JudgeAlert alertId={id} about={`${rule}, ${party?.name ?? ''}`} onJudged={onJudged} />
  }
  return (
    <>
      {state === 'TRUE' ? 'True' : 'False'}, says {judgedBy}
      {judgedAt && `, ${formatInstant(judgedAt)}`}
      {note && <Text size="sm">{note}</Text>}
    </>
  )
}

function Rates() {
  const [since] = useState(() => new Date(Date.now() - YEAR).toISOString())
  const [result, reload] = useQuery({ query: MisjudgementsQuery, variables: { since } })
  return (
    <section aria-label="How often rules were wrong">
      <Title order={2} size="h4" mb="xs">
        How often rules were wrong, in a year
      </Title>
      <Loaded result={result} onRetry={reload}>
        {({ misjudgements }) =>
          misjudgements.length === 0 ? (
            <Empty>No alert was raised.</Empty>
          ) : (
            <RecordTable caption="Rules" columns={RATES} rows={misjudgements} rowKey={({ rule }) => rule} />
          )
        }
      </Loaded>
    </section>
  )
}
