import { toHex, utf8 } from '../proof/bytes'
import { isRecord, sorted } from '../proof/json'
import { sha256 } from '../proof/merkle'

/** What the page shows and the person decides, which the statement must say. */
export interface Expected {
  readonly account: string
  readonly keyId: string
  readonly taskId: string
  readonly caseId: string | undefined
  readonly answers: Readonly<Record<string, unknown>>
  readonly variables: unknown
}

/** The platform asked to sign something else than what the page shows; nothing is signed then. */
export class OtherStatement extends Error {
  override readonly name = 'OtherStatement'

  constructor(readonly field: string) {
    super(`The statement's ${field} is not what this page shows.`)
  }
}

const FORMAT = 'scf-statement/1'

/**
 * Reads the text that the platform asks to be signed, and holds it to what the page shows: nobody signs blindly.
 *
 * Throws OtherStatement, naming the field that differs.
 */
export async function checkStatement(text: string, expected: Expected): Promise<Readonly<Record<string, unknown>>> {
  const said = parse(text)
  const nonce = said['nonce']
  if (typeof nonce !== 'string') throw new OtherStatement('nonce')
  const shown = said['shown']
  const ours: Readonly<Record<string, unknown>> = {
    format: FORMAT,
    account: `user:${expected.account}`,
    key_id: expected.keyId,
    task: expected.taskId.replace(/^Task:/, ''),
    ...(expected.caseId !== undefined && { case: expected.caseId.replace(/^Case:/, '') }),
    decision: await declared(expected.answers, nonce),
  }
  for (const [field, value] of Object.entries(ours)) {
    if (sorted(said[field]) !== sorted(value)) throw new OtherStatement(field)
  }
  if (!isRecord(shown) || shown['variables'] !== toHex(await sha256(utf8(sorted(expected.variables))))) {
    throw new OtherStatement('shown')
  }
  return said
}

/** An answer as a statement holds it: texts and numbers as digests, other things as they are. */
export async function declared(answer: unknown, nonce: string): Promise<unknown> {
  if (typeof answer === 'string' || typeof answer === 'number') {
    return { sha256: toHex(await sha256(utf8(`${nonce}\n${answer}`))) }
  }
  if (Array.isArray(answer)) return Promise.all(answer.map((each) => declared(each, nonce)))
  if (!isRecord(answer)) return answer
  const named = Object.entries(answer).map(async ([name, each]) => [name, await declared(each, nonce)] as const)
  return Object.fromEntries(await Promise.all(named))
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new OtherStatement('text')
}
