import { verifyAsync as verifyInScript } from '@noble/ed25519'

import { type Bytes, concat } from './bytes'

/** Ed25519 by WebCrypto, or in script where the browser does not know the curve yet. */
export async function verifyEd25519(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  let key: CryptoKey
  try {
    key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotSupportedError') return false
    return verifyInScript(signature, message, publicKey).catch(() => false)
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message)
}

/** ECDSA P-256 over SHA-256; the key as SubjectPublicKeyInfo, the signature as DER with a low s. */
export async function verifyP256(spki: Bytes, derSignature: Bytes, message: Bytes): Promise<boolean> {
  const signature = rawFromDer(derSignature)
  if (signature === undefined) return false
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  try {
    const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
    return await crypto.subtle.verify(algorithm, key, signature, message)
  } catch {
    return false
  }
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** DER `SEQUENCE { r INTEGER, s INTEGER }` to the 64 bytes r ‖ s; undefined when it is not the one low-s encoding. */
export function rawFromDer(der: Bytes): Bytes | undefined {
  if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const r = integerAt(der, 2)
  const s = r && integerAt(der, r.end)
  if (!r || !s || s.end !== der.length) return undefined
  if (r.value === 0n || r.value >= ORDER || s.value === 0n || s.value > ORDER / 2n) return undefined
  return concat(r.bytes, s.bytes)
}

function integerAt(der: Bytes, start: number): { bytes: Bytes; value: bigint; end: number } | undefined {
  const length = der[start + 1]
  if (der[start] !== 0x02 || length === undefined || length === 0 || length > 33) return undefined
  const end = start + 2 + length
  const content = der.slice(start + 2, end)
  const [first = 0, second = 0] = content
  const negative = first >= 0x80
  const padded = length > 1 && first === 0 && second < 0x80
  if (content.length !== length || negative || padded || (length === 33 && first !== 0)) return undefined
  const bytes = new Uint8Array(32)
  const digits = length === 33 ? content.slice(1) : content
  bytes.set(digits, 32 - digits.length)
  return { bytes, value: digits.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n), end }
}
