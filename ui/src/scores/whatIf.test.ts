import { describe, expect, it } from 'vitest'

import { changedPoints, changesOf, figureName, signed } from './whatIf'

const FIGURES = [
  { name: 'equity_ratio', value: '0.40' },
  { name: 'days_late_12m', value: null },
]

describe('what was changed', () => {
  it('is what differs from what was scored, as it was written', () => {
    expect(changesOf(FIGURES, { equity_ratio: ' 0.70 ', days_late_12m: '' })).toEqual([
      { name: 'equity_ratio', value: '0.70' },
    ])
  })

  it('is not known when it was emptied, and what limits know counts when it was filled in', () => {
    expect(changesOf(FIGURES, { equity_ratio: '', net_worth: '', annual_volume: '900' })).toEqual([
      { name: 'equity_ratio', value: null },
      { name: 'annual_volume', value: '900' },
    ])
  })
})

describe('points that changed', () => {
  it('come with the greatest change first', () => {
    const reason = (feature: string, points: number) => ({ feature, bin: 'any', points })
    const before = [reason('a', 10), reason('b', 5), reason('c', 1)]
    const after = [reason('a', 12), reason('b', 5), reason('c', -8)]
    expect(changedPoints(before, after).map(({ feature, change }) => [feature, change])).toEqual([
      ['c', -9],
      ['a', 2],
    ])
  })

  it('are written with their sign', () => {
    expect([2, -9, 0].map(signed)).toEqual(['+2', '−9', '0'])
    expect(figureName('days_late_12m')).toBe('days late 12m')
  })
})
