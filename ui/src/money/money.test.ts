import { describe, expect, it } from 'vitest'

import { formatAmount, formatDecimal, formatMoney, formatShare } from './money'

describe('money', () => {
  it('groups digits and pads to the minor unit of the currency', () => {
    expect(formatMoney({ amount: '1234.5', currency: 'EUR' }, 'en')).toBe('EUR 1,234.50')
    expect(formatAmount('1234', 'JPY', 'en')).toBe('1,234')
    expect(formatAmount('-0.5', 'KWD', 'en')).toBe('-0.500')
  })

  it('keeps every digit of an amount that no float can hold', () => {
    expect(formatAmount('90071992547409931234.12', 'EUR', 'en')).toBe('90,071,992,547,409,931,234.12')
    expect(formatDecimal('0.1000000000000000055', 2, 'en')).toBe('0.1000000000000000055')
    expect(formatDecimal('10.00', 0, 'en')).toBe('10.00')
  })

  it('shows text that is no decimal as it came', () => {
    expect(formatDecimal('n/a')).toBe('n/a')
  })

  it.each([
    ['0.0123', '1.23 %'],
    ['0.8', '80 %'],
    ['1', '100 %'],
    ['-0.005', '-0.5 %'],
    ['0.000456', '0.0456 %'],
  ])('writes the share %s as %s', (share, text) => {
    expect(formatShare(share, 'en')).toBe(text)
  })
})
