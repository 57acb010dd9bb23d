import type { ReactNode } from 'react'

import classes from './RecordTable.module.css'

export interface Column<Row> {
  readonly title: string
  readonly numeric?: boolean
  readonly cell: (row: Row) => ReactNode
}

interface Props<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
}

/**
 * Records in columns; on a phone each record is a card. The roles are spelled out because cards are laid out as
 * blocks, and a table that is not laid out as one is no table to a screen reader otherwise.
 */
export function RecordTable<Row>({ caption, columns, rows, rowKey }: Props<Row>) {
  return (
    <table className={classes['table']} role="table" aria-label={caption}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, numeric }) => (
            <th key={title} role="columnheader" scope="col" data-numeric={numeric}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map(({ title, numeric, cell }) => (
              <td key={title} role="cell" data-title={title} data-numeric={numeric}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
