// @vitest-environment node
import { describe, expect, it } from 'vitest'

import { verifySignedDecision } from './signedDecision'
import vector from './vectors/signed-body.json'

const { body, account, keyId } = vector

describe('a decision that a person signed', () => {
  it('is checked from the text of the entry’s body, which Python made', async () => {
    expect(await verifySignedDecision(body)).toEqual({ account, keyId })
  })

  it.each([
    ['signature.invalid', '"element":"approve"', '"element":"reject!"'],
    ['signature.key', `"key_id":"${keyId}"`, `"key_id":"${'0'.repeat(64)}"`],
    ['statement.form', '"account":', ' "account":'],
    ['statement.form', '"public_key"', '"other_key"'],
  ])('is refused as %s when %s is another', async (code, from, to) => {
    expect(body).toContain(from)
    await expect(verifySignedDecision(body.replace(from, to))).rejects.toMatchObject({ code })
  })

  it('is not there when only the platform signed', async () => {
    expect(await verifySignedDecision('{"statement":null}')).toBeUndefined()
    expect(await verifySignedDecision('{"statement":{"seen":"all"}}')).toBeUndefined()
  })
})
