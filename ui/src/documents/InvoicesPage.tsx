import { NativeSelect } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import { caseName } from '../cases/name'
import type { InvoicesQuery as InvoicesData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { formatDate } from '../time/time'
import { InvoicesQuery } from './queries'

type InvoiceRow = InvoicesData['invoices']['edges'][number]['node']

const COLUMNS: readonly Column<InvoiceRow>[] = [
  { title: 'Invoice', cell: ({ number }) => <b>{number}</b> },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: 'Match',
    cell: ({ matchDecision }) => (matchDecision ? <StateBadge state={matchDecision} /> : <StateBadge state="not matched" />),
  },
  { title: 'Order', cell: ({ orderNumber }) => orderNumber ?? '—' },
  { title: 'Seller', cell: ({ sellerName }) => sellerName },
  { title: 'Buyer', cell: ({ buyerName }) => buyerName },
  { title: 'Due', cell: ({ dueDate }) => formatDate(dueDate) },
  { title: 'Total', numeric: true, cell: ({ total }) => formatMoney(total) },
  { title: 'Eligible', numeric: true, cell: ({ eligible }) => (eligible ? formatMoney(eligible) : '—') },
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
]

export function InvoicesPage() {
  const [decision, setDecision] = useState('')
  return (
    <>
      <PageHead title="Invoices">
        <NativeSelect
          aria-label="Match"
          value={decision}
          data={[
            { value: '', label: 'All invoices' },
            { value: 'matched', label: 'Matched' },
            { value: 'exception', label: 'With exceptions' },
          ]}
          onChange={(event) => setDecision(event.currentTarget.value)}
        />
      </PageHead>
      <InvoiceList key={decision} matchDecision={decision || null} />
    </>
  )
}

function InvoiceList({ matchDecision }: { matchDecision: string | null }) {
  const pages = usePages()
  const [result, reload] = useQuery({ query: InvoicesQuery, variables: { matchDecision, after: pages.after } })
  return (
    <Loaded result={result} onRetry={reload}>
      {({ invoices: { edges, pageInfo } }) =>
        edges.length === 0 ? (
          <Empty>{matchDecision ? 'No such invoice.' : 'No invoice that you may see has been imported.'}</Empty>
        ) : (
          <>
            <RecordTable caption="Invoices" columns={COLUMNS} rows={edges.map(({ node }) => node)} rowKey={({ id }) => id} />
            <Pager pages={pages} pageInfo={pageInfo} />
          </>
        )
      }
    </Loaded>
  )
}
