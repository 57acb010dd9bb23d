import { age } from '../time/time'

/** `due in 2 d`, `overdue by 3 h`, `due now`, or a dash without a due time. */
export function dueText(due: string | null | undefined, now: string): string {
  if (!due) return '—'
  const late = Date.parse(due) < Date.parse(now)
  const distance = late ? age(due, now) : age(now, due)
  if (distance === 'now') return 'due now'
  return late ? `overdue by ${distance}` : `due in ${distance}`
}
