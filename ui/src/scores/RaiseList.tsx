import { formatDecimal, formatMoney, type Money } from '../money/money'
import { figureName } from './whatIf'

export interface LimitRaise {
  readonly input: string
  readonly now: string
  readonly needed: string
  readonly bindingCap: string
  readonly amount: Money
}

/** What would raise a limit, each change for itself. */
export function RaiseList({ raises }: { raises: readonly LimitRaise[] }) {
  if (raises.length === 0) return <>No single change raises it.</>
  return (
    <ul className="checks">
      {raises.map(({ input, now, needed, bindingCap, amount }) => (
        <li key={input}>
          {figureName(input)} {formatDecimal(needed)} instead of {formatDecimal(now)}: {formatMoney(amount)}{' '}
          <span className="quiet">(then bound by {figureName(bindingCap)})</span>
        </li>
      ))}
    </ul>
  )
}
