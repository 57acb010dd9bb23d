const DAY = 86_400_000
const HOUR = 3_600_000
const MINUTE = 60_000

/** The time from one instant to another in its largest whole unit: `3 d`, `5 h`, `12 min`, `now`. */
export function age(from: string, to: string): string {
  const elapsed = Date.parse(to) - Date.parse(from)
  if (elapsed >= DAY) return `${Math.floor(elapsed / DAY)} d`
  if (elapsed >= HOUR) return `${Math.floor(elapsed / HOUR)} h`
  if (elapsed >= MINUTE) return `${Math.floor(elapsed / MINUTE)} min`
  return 'now'
}

/** A calendar date (`2026-01-31`) in the reader's own notation; it has no time zone and gets none. */
export function formatDate(date: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`))
}

/** An instant in UTC, as the ledger states it, so that two readers see one text. */
export function formatInstant(instant: string, locale?: string): string {
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    hourCycle: 'h23',
    timeZone: 'UTC',
  })
  return `${format.format(new Date(instant))} UTC`
}
