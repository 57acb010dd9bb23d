import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import type { AssetsQuery as AssetsData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { formatDate } from '../time/time'
import { AssetsQuery } from './queries'

type AssetRow = AssetsData['assets']['edges'][number]['node']

const COLUMNS: readonly Column<AssetRow>[] = [
  { title: 'Invoice', cell: ({ invoiceNumber }) => <b>{invoiceNumber}</b> },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  { title: 'Seller', cell: ({ invoice }) => invoice?.sellerName ?? '—' },
  { title: 'Buyer', cell: ({ invoice }) => invoice?.buyerName ?? '—' },
  { title: 'Purchased', cell: ({ purchasedAt }) => formatDate(purchasedAt.slice(0, 10)) },
  { title: 'Due', cell: ({ dueDate }) => formatDate(dueDate) },
  { title: 'Face', numeric: true, cell: ({ face }) => formatMoney(face) },
  { title: 'Advance', numeric: true, cell: ({ advance }) => formatMoney(advance) },
  { title: 'Reserve', numeric: true, cell: ({ reserve }) => formatMoney(reserve) },
]

/** The receivables that were purchased. */
export function AssetsPage() {
  const pages = usePages()
  const [result, reload] = useQuery({ query: AssetsQuery, variables: { after: pages.after } })
  return (
    <>
      <PageHead title="Assets" />
      <Loaded result={result} onRetry={reload}>
        {({ assets: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            <Empty>No receivable that you may see has been purchased.</Empty>
          ) : (
            <>
              <RecordTable caption="Assets" columns={COLUMNS} rows={edges.map(({ node }) => node)} rowKey={({ id }) => id} />
              <Pager pages={pages} pageInfo={pageInfo} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
