import { SegmentedControl } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import { usePulse } from '../app/usePulse'
import { caseName } from '../cases/name'
import type { TasksQuery as TasksData } from '../gql/graphql'
import { dueText } from './due'
import { TasksQuery } from './queries'

type TaskRow = TasksData['tasks']['edges'][number]['node']

const VIEWS = {
  open: { label: 'For me', empty: 'Nothing waits for you.', variables: { state: 'open', mine: true } },
  claimed: { label: 'Claimed', empty: 'No task is claimed by you or your roles.', variables: { state: 'claimed', mine: true } },
  all: { label: 'All', empty: 'No task that you may see has come up yet.', variables: { state: null, mine: false } },
} as const

const SECONDS_BETWEEN_LOOKS = 8

const COLUMNS: readonly Column<TaskRow>[] = [
  {
    title: 'Task',
    cell: ({ id, name }) => (
      <Link to="/tasks/$taskId" params={{ taskId: id }} className="record-link">
        {name}
      </Link>
    ),
  },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: 'Case',
    cell: ({ case: shown }) =>
      shown ? (
        <Link to="/cases/$caseId" params={{ caseId: shown.id }}>
          {caseName(shown.businessKey)}
        </Link>
      ) : (
        '—'
      ),
  },
  {
    title: 'Parties',
    cell: ({ case: shown }) => (shown?.request ? `${shown.request.sellerName} → ${shown.request.buyerName}` : '—'),
  },
  { title: 'Who', cell: ({ assignee, candidateGroups }) => assignee ?? candidateGroups.join(', ') },
  { title: 'Due', cell: ({ due, case: shown }) => dueText(due, shown?.businessNow ?? new Date().toISOString()) },
]

/** The inbox: what waits for the person who is signed in. */
export function TasksPage() {
  const [view, setView] = useState<keyof typeof VIEWS>('open')
  return (
    <>
      <PageHead title="Tasks">
        <SegmentedControl
          aria-label="Which tasks"
          value={view}
          data={Object.entries(VIEWS).map(([value, { label }]) => ({ value, label }))}
          onChange={(value) => setView(value as keyof typeof VIEWS)}
        />
      </PageHead>
      <TaskList key={view} view={view} />
    </>
  )
}

function TaskList({ view }: { view: keyof typeof VIEWS }) {
  const pages = usePages()
  const { variables, empty } = VIEWS[view]
  const [result, reload] = useQuery({ query: TasksQuery, variables: { ...variables, after: pages.after } })
  usePulse(SECONDS_BETWEEN_LOOKS, () => reload({ requestPolicy: 'network-only' }))
  return (
    <Loaded result={result} onRetry={reload}>
      {({ tasks: { edges, pageInfo } }) =>
        edges.length === 0 ? (
          <Empty>{empty}</Empty>
        ) : (
          <>
            <RecordTable caption="Tasks" columns={COLUMNS} rows={edges.map(({ node }) => node)} rowKey={({ id }) => id} />
            <Pager pages={pages} pageInfo={pageInfo} />
          </>
        )
      }
    </Loaded>
  )
}
