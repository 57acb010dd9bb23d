import type { Client } from '@urql/core'

import { newIdempotencyKey } from '../app/client'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import type { KeyStore } from './keyStore'
import { canHoldKeys, makeKey, sign, toBase64 } from './personKey'
import { RegisterKeyMutation, RegistrationForMutation } from './queries'

const INSECURE: Problem = {
  code: 'key.insecure_page',
  message: 'A browser makes keys only on pages that came by HTTPS or from this machine.',
  hint: 'Open the platform by HTTPS.',
}

/** Makes a key in this browser and registers it for the account, proving that it is held here; or says why not. */
export async function enroll(client: Client, store: KeyStore, account: string): Promise<Problem | undefined> {
  if (!canHoldKeys()) return INSECURE
  const key = await makeKey(account)
  const publicKeyBase64 = toBase64(key.publicKey)
  const asked = await client
    .mutation(RegistrationForMutation, { input: { publicKeyBase64, protection: 'BROWSER' } })
    .toPromise()
  const toSign = asked.data?.registrationFor.toSign
  if (asked.error) return problemOf(asked.error)
  if (!toSign) return refusalOf(asked.data?.registrationFor.userErrors)
  const signatureBase64 = await sign(key, toSign)
  // Kept before it is registered: a key that the platform knows and nobody holds would be of no use.
  await store.keep(key)
  const input = { idempotencyKey: newIdempotencyKey(), registration: toSign.text, publicKeyBase64, signatureBase64 }
  const { data, error } = await client.mutation(RegisterKeyMutation, { input }).toPromise()
  if (error) return problemOf(error)
  if (data?.registerKey.command && data.registerKey.userErrors.length === 0) return undefined
  await store.forget(key.keyId)
  return refusalOf(data?.registerKey.userErrors)
}
