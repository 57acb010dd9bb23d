// @vitest-environment node
import { describe, expect, it } from 'vitest'

import { concat, fromBase64, toHex, utf8 } from '../proof/bytes'
import { sha256 } from '../proof/merkle'
import { fingerprint, makeKey, sign } from './personKey'

describe('a key of a person', () => {
  it('signs, and gives its private half to nobody', async () => {
    const key = await makeKey('anna')
    expect(key.keyId).toBe(toHex(await sha256(key.publicKey)))
    await expect(crypto.subtle.exportKey('pkcs8', key.privateKey)).rejects.toThrow('not extractable')
    await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow('not extractable')

    const signature = fromBase64(await sign(key, { domain: 'scf-statement/v1\n', text: '{"ü":1}' }))
    const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const publicKey = await crypto.subtle.importKey('spki', key.publicKey, curve, false, ['verify'])
    const message = concat(utf8('scf-statement/v1\n'), utf8('{"ü":1}'))
    expect(signature?.length).toBe(64)
    expect(await crypto.subtle.verify(curve, publicKey, signature ?? utf8(''), message)).toBe(true)
  })

  it('has a fingerprint that can be read aloud', () => {
    expect(fingerprint('0123456789abcdef')).toBe('01234567 89abcdef')
  })
})
