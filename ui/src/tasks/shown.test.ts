import { describe, expect, it } from 'vitest'

import { nameText, shown } from './shown'

describe('what a task shows', () => {
  it('keeps amounts as they came and leaves out what is empty', () => {
    expect(shown({ eligibleAmount: '1000.10', note: null, findings: [], ok: true })).toEqual({
      kind: 'named',
      entries: [
        ['Eligible amount', { kind: 'text', text: '1000.10' }],
        ['Ok', { kind: 'text', text: 'yes' }],
      ],
    })
  })

  it('shows lists of records', () => {
    expect(shown([{ code: 'QTY' }])).toEqual({
      kind: 'list',
      items: [{ kind: 'named', entries: [['Code', { kind: 'text', text: 'QTY' }]] }],
    })
  })

  it('spells names out', () => {
    expect(nameText('order_price')).toBe('Order price')
    expect(nameText('bindingCap')).toBe('Binding cap')
  })
})
