import { describe, expect, it } from 'vitest'

import { fieldsOf, mistakesOf, openingAnswers, variablesOf } from './form'

const FORM = {
  type: 'default',
  components: [
    { type: 'text', text: '# Review' },
    { type: 'textfield', key: 'invoiceNumber', label: 'Invoice', readonly: true },
    {
      type: 'group',
      components: [
        {
          type: 'radio',
          key: 'decision',
          label: 'Decision',
          validate: { required: true },
          values: [
            { value: 'accept', label: 'Accept' },
            { value: 'reject', label: 'Reject' },
          ],
        },
        { type: 'number', key: 'eligibleAmount', label: 'Eligible amount' },
      ],
    },
    { type: 'textarea', key: 'reason', label: 'Reason', validate: { required: true } },
    { type: 'checkbox', key: 'notify' },
  ],
}
const FIELDS = fieldsOf(FORM)

describe('the form of a task', () => {
  it('asks the fields that carry answers, those inside groups too', () => {
    expect(FIELDS.map(({ key, kind, required }) => [key, kind, required])).toEqual([
      ['decision', 'choice', true],
      ['eligibleAmount', 'number', false],
      ['reason', 'longText', true],
      ['notify', 'flag', false],
    ])
    expect(FIELDS[0]?.choices).toEqual([
      { value: 'accept', label: 'Accept' },
      { value: 'reject', label: 'Reject' },
    ])
  })

  it.each([null, undefined, 7, {}, { components: 'x' }, { components: [null, { type: 'textfield' }] }])(
    'asks nothing when its schema is %j',
    (form) => {
      expect(fieldsOf(form)).toEqual([])
    },
  )

  it('opens with what the case holds', () => {
    expect(openingAnswers(FIELDS, { eligibleAmount: '900.10', decision: null, other: 1 })).toEqual({
      decision: '',
      eligibleAmount: '900.10',
      reason: '',
      notify: false,
    })
  })

  it('says what is missing and what is no number', () => {
    const answers = { decision: '', eligibleAmount: '1,000', reason: '  ', notify: false }
    expect(Object.keys(mistakesOf(FIELDS, answers))).toEqual(['decision', 'eligibleAmount', 'reason'])
    expect(mistakesOf(FIELDS, { decision: 'accept', eligibleAmount: '', reason: 'ok', notify: true })).toEqual({})
  })

  it('sends numbers as they were written, and nothing for what was left empty', () => {
    const answers = { decision: 'accept', eligibleAmount: '0.10', reason: ' ok ', notify: false }
    expect(variablesOf(FIELDS, answers)).toEqual({
      decision: 'accept',
      eligibleAmount: '0.10',
      reason: 'ok',
      notify: false,
    })
    expect(variablesOf(FIELDS, { ...answers, eligibleAmount: '' })).not.toHaveProperty('eligibleAmount')
  })
})
