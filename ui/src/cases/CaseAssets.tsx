import { Empty } from '../app/Loaded'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import { formatMoney, type Money } from '../money/money'
import { formatDate } from '../time/time'

interface Asset {
  readonly id: string
  readonly invoiceNumber: string
  readonly state: string
  readonly dueDate: string
  readonly face: Money
  readonly advance: Money
  readonly reserve: Money
  readonly discount: Money
  readonly fee: Money
}

const COLUMNS: readonly Column<Asset>[] = [
  { title: 'Invoice', cell: ({ invoiceNumber }) => invoiceNumber },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  { title: 'Due', cell: ({ dueDate }) => formatDate(dueDate) },
  { title: 'Face', numeric: true, cell: ({ face }) => formatMoney(face) },
  { title: 'Advance', numeric: true, cell: ({ advance }) => formatMoney(advance) },
  { title: 'Reserve', numeric: true, cell: ({ reserve }) => formatMoney(reserve) },
  { title: 'Discount', numeric: true, cell: ({ discount }) => formatMoney(discount) },
  { title: 'Fee', numeric: true, cell: ({ fee }) => formatMoney(fee) },
]

export function CaseAssets({ assets }: { assets: readonly Asset[] }) {
  if (assets.length === 0) return <Empty>Nothing has been purchased.</Empty>
  return <RecordTable caption="Purchased receivables" columns={COLUMNS} rows={assets} rowKey={({ id }) => id} />
}
