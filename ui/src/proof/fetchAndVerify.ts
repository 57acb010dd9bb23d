import type { Client } from '@urql/core'

import { type Problem, problemOf } from '../problems/problem'
import { type VerifiedEntry, verifyEntryProof } from './entryProof'
import { NotProven } from './errors'
import { ProofQuery } from './queries'

interface Shown {
  readonly entryId: string
  readonly index?: number | null | undefined
  readonly leafHash?: string | null | undefined
}

interface Outcome {
  readonly file?: { readonly name: string; readonly text: string }
  readonly result: VerifiedEntry | Problem
}

/** Fetches the proof file of the entry that is shown and checks it: by itself, and against what is shown. */
export async function fetchAndVerify(client: Client, shown: Shown): Promise<Outcome> {
  if (!globalThis.isSecureContext) {
    return {
      result: {
        code: 'proof.insecure_page',
        message: 'A browser checks signatures only on pages that came by HTTPS or from this machine.',
        hint: 'Open the platform by HTTPS, or check the file with `scf ledger verify-proof`.',
      },
    }
  }
  const { data, error } = await client
    .query(ProofQuery, { entryId: shown.entryId }, { requestPolicy: 'network-only' })
    .toPromise()
  if (error) return { result: problemOf(error) }
  if (!data?.proof) {
    return { result: { code: 'proof.missing', message: 'There is no proof of this entry yet.', hint: 'Try again in a moment.' } }
  }
  const file = { name: data.proof.fileName, text: data.proof.text }
  return { file, result: await check(file.text, shown) }
}

async function check(text: string, shown: Shown): Promise<VerifiedEntry | Problem> {
  try {
    const verified = await verifyEntryProof(text)
    const { entryId, index, leaf } = verified
    if (entryId !== shown.entryId || index !== shown.index || leaf !== shown.leafHash) {
      throw new NotProven('proof.other_entry', 'The file proves another entry than the one that is shown.')
    }
    return verified
  } catch (problem) {
    if (!(problem instanceof NotProven)) throw problem
    const { code, message, hint = 'Keep the file and tell the auditor: a log that is intact does not give it.' } = problem
    return { code, message, hint }
  }
}
