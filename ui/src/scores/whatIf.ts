/** What only limits know, beside the figures of the card. */
export const LIMIT_FIGURES = ['net_worth', 'annual_volume', 'terms_days', 'eligible_receivables'] as const

/** What was written for each figure; a figure that nobody touched is not in it. */
export type Written = Readonly<Record<string, string>>

interface Figure {
  readonly name: string
  readonly value?: string | null | undefined
}

/** Figures whose text differs from what was scored; a figure of the card that was emptied is not known (null). */
export function changesOf(figures: readonly Figure[], written: Written): { name: string; value: string | null }[] {
  const scored = new Map(figures.map(({ name, value }) => [name, value ?? '']))
  return Object.entries(written)
    .map(([name, text]) => ({ name, text: text.trim() }))
    .filter(({ name, text }) => text !== (scored.get(name) ?? ''))
    .map(({ name, text }) => ({ name, value: text === '' ? null : text }))
}

interface Reason {
  readonly feature: string
  readonly bin: string
  readonly points: number
}

/** The features that give other points than before, the greatest change first. */
export function changedPoints(before: readonly Reason[], after: readonly Reason[]) {
  const known = new Map(before.map((reason) => [reason.feature, reason]))
  return after
    .map(({ feature, bin, points }) => ({ feature, bin, points, change: points - (known.get(feature)?.points ?? 0) }))
    .filter(({ change }) => change !== 0)
    .toSorted((one, other) => Math.abs(other.change) - Math.abs(one.change))
}

/** `days_late_12m` as people read it. */
export const figureName = (name: string): string => name.replaceAll('_', ' ')

export const signed = (points: number): string => (points > 0 ? `+${points}` : points < 0 ? `−${-points}` : '0')
