/** A value as a page shows it: a text, a list, or named values; empty ones are left out. */
export type Shown =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Shown[] }
  | { readonly kind: 'named'; readonly entries: readonly (readonly [name: string, value: Shown])[] }

/** A task's variable, as plain JSON: amounts stay the decimal strings that they are. */
export function shown(value: unknown): Shown {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(shown) }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => !isEmpty(item))
    return { kind: 'named', entries: entries.map(([name, item]) => [nameText(name), shown(item)]) }
  }
  if (typeof value === 'boolean') return { kind: 'text', text: value ? 'yes' : 'no' }
  return { kind: 'text', text: value === null || value === undefined ? '—' : String(value as string | number) }
}

const isEmpty = (item: unknown): boolean => item === null || item === '' || (Array.isArray(item) && item.length === 0)

/** `eligibleAmount` and `eligible_amount` as `Eligible amount`. */
export function nameText(name: string): string {
  const words = name.replace(/(?<=[a-z\d])(?=[A-Z])/g, ' ').replaceAll('_', ' ').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
