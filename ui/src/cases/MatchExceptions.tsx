import { Stack, Text, Title } from '@mantine/core'

import { type Column, RecordTable } from '../app/RecordTable'
import { formatDecimal } from '../money/money'

interface Exception {
  readonly code: string
  readonly line?: string | null | undefined
  readonly message: string
  readonly ordered?: string | null | undefined
  readonly despatched?: string | null | undefined
  readonly received?: string | null | undefined
  readonly invoiced?: string | null | undefined
  readonly orderPrice?: string | null | undefined
  readonly invoicePrice?: string | null | undefined
}

interface Row extends Exception {
  readonly invoice: string
}

const figure = (value: string | null | undefined) => (value ? formatDecimal(value) : '—')

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Invoice', cell: ({ invoice, line }) => (line ? `${invoice}, line ${line}` : invoice) },
  {
    title: 'Exception',
    cell: ({ code, message }) => (
      <span>
        {message} <code>{code}</code>
      </span>
    ),
  },
  { title: 'Ordered', numeric: true, cell: ({ ordered }) => figure(ordered) },
  { title: 'Despatched', numeric: true, cell: ({ despatched }) => figure(despatched) },
  { title: 'Received', numeric: true, cell: ({ received }) => figure(received) },
  { title: 'Invoiced', numeric: true, cell: ({ invoiced }) => figure(invoiced) },
  { title: 'Order price', numeric: true, cell: ({ orderPrice }) => figure(orderPrice) },
  { title: 'Invoice price', numeric: true, cell: ({ invoicePrice }) => figure(invoicePrice) },
]

interface Props {
  readonly invoices: readonly { readonly number: string; readonly exceptions: readonly Exception[] }[]
}

/** Where order, receipt and invoice disagree; nothing when they agree. */
export function MatchExceptions({ invoices }: Props) {
  const rows = invoices.flatMap(({ number, exceptions }) =>
    exceptions.map((exception) => Object.assign({ invoice: number }, exception)),
  )
  return (
    <Stack component="section" gap="xs" aria-label="Match exceptions">
      <Title order={2} size="h4">
        Match exceptions
      </Title>
      {rows.length === 0 ? (
        <Text size="sm" className="quiet">
          None: orders, receipts and invoices agree, or are not matched yet.
        </Text>
      ) : (
        <RecordTable
          caption="Match exceptions"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ invoice, line, code }) => `${invoice}/${line ?? ''}/${code}`}
        />
      )}
    </Stack>
  )
}
