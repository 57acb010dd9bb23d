/** An amount as the API sends it: a decimal string, which is formatted as it stands and never becomes a float. */
export interface Money {
  readonly amount: string
  readonly currency: string
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** `EUR 1,234.50`: grouped by locale, with the currency's minor digits at least and every stored digit. */
export function formatMoney({ amount, currency }: Money, locale?: string): string {
  return `${currency} ${formatAmount(amount, currency, locale)}`
}

export function formatAmount(amount: string, currency: string, locale?: string): string {
  const minor = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  return formatDecimal(amount, minor, locale)
}

/**
 * Intl formats a decimal string exactly, here with all the fraction digits that it came with; text that is no decimal
 * is shown as it is rather than as NaN.
 */
export function formatDecimal(text: string, leastFractionDigits = 0, locale?: string): string {
  if (!DECIMAL.test(text)) return text
  const written = text.split('.')[1]?.length ?? 0
  const minimumFractionDigits = Math.min(20, Math.max(leastFractionDigits, written))
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits, maximumFractionDigits: 20 })
  return format.format(text as `${number}`)
}

/** A share such as `0.0123` as `1.23 %`, by moving the decimal point in the text. */
export function formatShare(text: string, locale?: string): string {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (sign === undefined || whole === undefined) return text
  const digits = fraction.padEnd(2, '0')
  const moved = `${whole}${digits.slice(0, 2)}`.replace(/^0+(?=\d)/, '')
  const rest = digits.slice(2).replace(/0+$/, '')
  return `${formatDecimal(`${sign}${moved}${rest && `.${rest}`}`, 0, locale)} %`
}
