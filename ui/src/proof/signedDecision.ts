import { concat, fromBase64, toHex, utf8 } from './bytes'
import { NotProven } from './errors'
import { isRecord, sorted } from './json'
import { sha256 } from './merkle'
import { verifyP256 } from './signatures'

/** The person whose own key signed the decision that an entry tells. */
export interface Signer {
  readonly account: string
  readonly keyId: string
}

const DOMAIN = utf8('scf-statement/v1\n')

/**
 * Checks what a person signed of an entry, from the text of its body; undefined when nobody did. Whether the key is
 * the person's and was valid there is for the whole log to tell.
 *
 * Throws NotProven with the code of what failed.
 */
export async function verifySignedDecision(body: string): Promise<Signer | undefined> {
  const content: unknown = JSON.parse(body)
  const statement = isRecord(content) ? content['statement'] : undefined
  if (!isRecord(statement) || !('signed' in statement)) return undefined
  const { signed } = statement
  const said = isRecord(signed) ? signed['statement'] : undefined
  const key = isRecord(signed) ? fromBase64(String(signed['public_key'])) : undefined
  const signature = isRecord(signed) ? fromBase64(String(signed['signature'])) : undefined
  if (!isRecord(said) || !key || !signature) {
    throw new NotProven('statement.form', 'The signed statement has missing fields.')
  }
  const text = sorted(said)
  // Canonical JSON: what was signed stands in the body, byte for byte.
  if (!body.includes(`"statement":${text}`)) {
    throw new NotProven('statement.form', 'The signed statement is not in its canonical form.')
  }
  const { account, key_id: keyId } = said
  if (typeof account !== 'string' || typeof keyId !== 'string' || toHex(await sha256(key)) !== keyId) {
    throw new NotProven('signature.key', 'The statement names another key.')
  }
  if (!(await verifyP256(key, signature, concat(DOMAIN, utf8(text))))) {
    throw new NotProven('signature.invalid', `The signature is not that of key ${keyId.slice(0, 16)}… over the statement.`)
  }
  return { account, keyId }
}
