import { expect, it } from 'vitest'

import { dueText } from './due'

it.each([
  [null, '—'],
  ['2026-01-03T00:00:00Z', 'due in 2 d'],
  ['2025-12-31T21:00:00Z', 'overdue by 3 h'],
  ['2026-01-01T00:00:20Z', 'due now'],
])('a task that is due at %s reads %s', (due, text) => {
  expect(dueText(due, '2026-01-01T00:00:00Z')).toBe(text)
})
