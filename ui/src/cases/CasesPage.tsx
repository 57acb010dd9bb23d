import { NativeSelect } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import type { CasesQuery as CasesData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { age } from '../time/time'
import { caseName } from './name'
import { CasesQuery } from './queries'

type CaseRow = CasesData['cases']['edges'][number]['node']

const STATES = ['running', 'waiting', 'incident', 'completed', 'cancelled', 'failed']

const COLUMNS: readonly Column<CaseRow>[] = [
  {
    title: 'Case',
    cell: ({ id, businessKey }) => (
      <Link to="/cases/$caseId" params={{ caseId: id }} className="record-link">
        {caseName(businessKey)}
      </Link>
    ),
  },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  { title: 'Product', cell: ({ product }) => product },
  { title: 'Seller', cell: ({ request }) => request?.sellerName ?? '—' },
  { title: 'Buyer', cell: ({ request }) => request?.buyerName ?? '—' },
  { title: 'Face', numeric: true, cell: ({ request }) => (request ? formatMoney(request.face) : '—') },
  { title: 'Age', numeric: true, cell: ({ startedAt, endedAt, businessNow }) => age(startedAt, endedAt ?? businessNow) },
]

export function CasesPage() {
  const [state, setState] = useState('')
  return (
    <>
      <PageHead title="Cases">
        <NativeSelect
          aria-label="State"
          size="sm"
          value={state}
          data={[{ value: '', label: 'All states' }, ...STATES]}
          onChange={(event) => setState(event.currentTarget.value)}
        />
      </PageHead>
      <CaseList key={state} state={state || null} />
    </>
  )
}

function CaseList({ state }: { state: string | null }) {
  const pages = usePages()
  const [result, reload] = useQuery({ query: CasesQuery, variables: { state, after: pages.after } })
  return (
    <Loaded result={result} onRetry={reload}>
      {({ cases: { edges, pageInfo } }) =>
        edges.length === 0 ? (
          <Empty>
            {state
              ? `No case is ${state}.`
              : 'No case yet. A seller starts one by offering matched invoices for financing; `scf demo` runs a whole one.'}
          </Empty>
        ) : (
          <>
            <RecordTable
              caption="Cases"
              columns={COLUMNS}
              rows={edges.map(({ node }) => node)}
              rowKey={({ id }) => id}
            />
            <Pager pages={pages} pageInfo={pageInfo} />
          </>
        )
      }
    </Loaded>
  )
}
