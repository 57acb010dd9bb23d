import { type Bytes, concat, toHex, utf8 } from '../proof/bytes'
import { sha256 } from '../proof/merkle'

/** A key of the person's own as this browser keeps it: the private half can be used here and read by nobody. */
export interface PersonKey {
  readonly keyId: string
  readonly account: string
  readonly publicKey: Bytes
  readonly privateKey: CryptoKey
}

/** What the platform asks to be signed: the bytes of `domain` followed by those of `text`. */
export interface ToSign {
  readonly domain: string
  readonly text: string
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' }

/** A browser makes keys only on pages that came by HTTPS or from this machine. */
export const canHoldKeys = (): boolean => globalThis.isSecureContext && globalThis.crypto.subtle !== undefined

/** Makes a P-256 key whose private half WebCrypto never gives out. */
export async function makeKey(account: string): Promise<PersonKey> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify'])
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
  return { keyId: toHex(await sha256(publicKey)), account, publicKey, privateKey: pair.privateKey }
}

/** The signature as WebCrypto gives it (r ‖ s), in base64; the platform turns it into low-S DER. */
export async function sign({ privateKey }: PersonKey, { domain, text }: ToSign): Promise<string> {
  const signature = await crypto.subtle.sign(SIGNING, privateKey, concat(utf8(domain), utf8(text)))
  return toBase64(new Uint8Array(signature))
}

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/** A fingerprint in groups, for two people to compare aloud. */
export const fingerprint = (keyId: string): string => keyId.match(/.{1,8}/g)?.join(' ') ?? keyId
