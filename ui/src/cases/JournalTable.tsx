import { Empty } from '../app/Loaded'
import { stateText } from '../app/StateBadge'
import { formatAmount, type Money } from '../money/money'
import { formatInstant } from '../time/time'

interface Journal {
  readonly id: string
  readonly event: string
  readonly bookedAt: string
  readonly entryId: string
  readonly postings: readonly {
    readonly account: string
    readonly name: string
    readonly side: 'DEBIT' | 'CREDIT'
    readonly amount: Money
  }[]
}

interface Props {
  readonly journals: readonly Journal[]
  /** The numbers of the ledger entries that are known, by their id. */
  readonly entryNumbers: ReadonlyMap<string, number>
}

/** The journals of a case, each with its postings: debit left, credit right, in one currency. */
export function JournalTable({ journals, entryNumbers }: Props) {
  if (journals.length === 0) return <Empty>Nothing has been booked that you may see.</Empty>
  return (
    <table className="journals" aria-label="Journal entries">
      <thead>
        <tr>
          <th scope="col">Account</th>
          <th scope="col" className="amount">
            Dr
          </th>
          <th scope="col" className="amount">
            Cr
          </th>
        </tr>
      </thead>
      {journals.map(({ id, event, bookedAt, entryId, postings }) => (
        <tbody key={id}>
          <tr>
            <th scope="rowgroup" colSpan={3}>
              {stateText(event)}{' '}
              <span className="quiet">
                {formatInstant(bookedAt)} · {postings[0]?.amount.currency}
                {entryNumbers.has(entryId) && ` · entry #${entryNumbers.get(entryId)}`}
              </span>
            </th>
          </tr>
          {postings.map(({ account, name, side, amount }, position) => (
            // oxlint-disable-next-line react/no-array-index-key -- the order is the journal's, and never changes
            <tr key={position}>
              <td>
                {account} {name}
              </td>
              <td className="amount">{side === 'DEBIT' && formatAmount(amount.amount, amount.currency)}</td>
              <td className="amount">{side === 'CREDIT' && formatAmount(amount.amount, amount.currency)}</td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  )
}
