// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest'

import { fromHex, utf8 } from './bytes'
import { verifyEd25519 } from './signatures'

// RFC 8032, section 7.1, test 2.
const PUBLIC_KEY = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c') ?? utf8('')
const MESSAGE = Uint8Array.of(0x72)
const SIGNATURE =
  fromHex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ) ?? utf8('')

afterEach(() => {
  vi.restoreAllMocks()
})

const withoutCurve = () =>
  vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('unknown curve', 'NotSupportedError'))

describe.each([
  ['by WebCrypto', () => undefined],
  ['in script, where WebCrypto lacks the curve', withoutCurve],
])('an Ed25519 signature, checked %s', (_, prepare) => {
  it('holds over its message only', async () => {
    prepare()
    expect(await verifyEd25519(PUBLIC_KEY, SIGNATURE, MESSAGE)).toBe(true)
    expect(await verifyEd25519(PUBLIC_KEY, SIGNATURE, utf8('s'))).toBe(false)
  })

  it('does not hold when a bit of it is another', async () => {
    prepare()
    const flipped = SIGNATURE.with(3, (SIGNATURE[3] ?? 0) ^ 1)
    expect(await verifyEd25519(PUBLIC_KEY, flipped, MESSAGE)).toBe(false)
  })

  it('is refused when key or signature have another length', async () => {
    prepare()
    expect(await verifyEd25519(PUBLIC_KEY.slice(1), SIGNATURE, MESSAGE)).toBe(false)
    expect(await verifyEd25519(PUBLIC_KEY, SIGNATURE.slice(1), MESSAGE)).toBe(false)
  })
})
