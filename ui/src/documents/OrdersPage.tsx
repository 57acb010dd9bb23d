import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { Pager, usePages } from '../app/Pager'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import type { OrdersQuery as OrdersData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { formatDate } from '../time/time'
import { OrdersQuery } from './queries'

type OrderRow = OrdersData['orders']['edges'][number]['node']

const COLUMNS: readonly Column<OrderRow>[] = [
  { title: 'Order', cell: ({ number }) => <b>{number}</b> },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  { title: 'Seller', cell: ({ sellerName }) => sellerName },
  { title: 'Buyer', cell: ({ buyerName }) => buyerName },
  { title: 'Issued', cell: ({ issueDate }) => formatDate(issueDate) },
  { title: 'Total', numeric: true, cell: ({ total }) => formatMoney(total) },
]

export function OrdersPage() {
  const pages = usePages()
  const [result, reload] = useQuery({ query: OrdersQuery, variables: { after: pages.after } })
  return (
    <>
      <PageHead title="Orders" />
      <Loaded result={result} onRetry={reload}>
        {({ orders: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            <Empty>No order that you may see has been imported.</Empty>
          ) : (
            <>
              <RecordTable caption="Orders" columns={COLUMNS} rows={edges.map(({ node }) => node)} rowKey={({ id }) => id} />
              <Pager pages={pages} pageInfo={pageInfo} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
