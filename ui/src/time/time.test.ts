import { describe, expect, it } from 'vitest'

import { age, formatDate, formatInstant } from './time'

describe('time', () => {
  it.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:59Z', 'now'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:12:59Z', '12 min'],
    ['2026-01-01T00:00:00Z', '2026-01-01T23:59:59Z', '23 h'],
    ['2026-01-01T00:00:00Z', '2026-03-02T00:00:00Z', '60 d'],
    ['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', 'now'],
  ])('from %s to %s is %s', (from, to, text) => {
    expect(age(from, to)).toBe(text)
  })

  it('shows a date without moving it into a time zone', () => {
    expect(formatDate('2026-01-31', 'en-GB')).toBe('31 Jan 2026')
  })

  it('shows an instant in UTC', () => {
    expect(formatInstant('2026-01-31T23:30:00+02:00', 'en-GB')).toBe('31 Jan 2026, 21:30:00 UTC')
  })
})
