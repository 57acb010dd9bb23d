// @vitest-environment node
import { describe, expect, it } from 'vitest'

import { sorted } from '../proof/json'
import { checkStatement, declared } from './statement'
import vector from './vectors/statement.json'

const { text, ...expected } = vector

describe('a statement that is to be signed', () => {
  it('is the platform’s own, as the shared vector has it', async () => {
    const said = await checkStatement(text, expected)
    expect(said['origin']).toBe('scf.local/log')
  })

  it.each([
    ['account', { account: 'olga' }],
    ['key_id', { keyId: 'ef'.repeat(32) }],
    ['task', { taskId: 'Task:1' }],
    ['case', { caseId: 'Case:1' }],
    ['decision', { answers: { ...expected.answers, decision: 'reject' } }],
    ['decision', { answers: { ...expected.answers, urgent: false } }],
    ['shown', { variables: { ...expected.variables, face: '900.00' } }],
  ])('is refused when its %s is not what the page shows', async (field, other) => {
    await expect(checkStatement(text, { ...expected, ...other })).rejects.toMatchObject({ field })
  })

  it.each(['', 'null', '[]', '{}'])('is refused when it is no statement: %s', async (other) => {
    await expect(checkStatement(other, expected)).rejects.toThrow('not what this page shows')
  })
})

it('has digests of texts and numbers, which hang on the nonce', async () => {
  expect(await declared(true, 'a')).toBe(true)
  expect(await declared('x', 'a')).not.toEqual(await declared('x', 'b'))
  expect(await declared(5, 'a')).toEqual(await declared('5', 'a'))
})

it('sorts members at every depth', () => {
  expect(sorted({ b: [{ d: 1, c: null }], a: 'é"' })).toBe('{"a":"é\\"","b":[{"c":null,"d":1}]}')
})
