import { type Bytes, concat, equal, fromBase64, toHex, utf8 } from './bytes'
import { type Checkpoint, openCheckpoint } from './checkpoint'
import { NotProven } from './errors'
import { leafHash, rootFromInclusion, sha256 } from './merkle'
import { verifyP256 } from './signatures'
import { type Signer, verifySignedDecision } from './signedDecision'

/** What a proof file proves: the entry, its place in the log, and the checkpoint that covers it. */
export interface VerifiedEntry {
  readonly entryId: string
  readonly stream: string
  readonly seq: number
  readonly kind: string
  readonly actor: string
  readonly keyId: string
  readonly index: number
  readonly leaf: string
  readonly checkpoint: Checkpoint
  readonly logKey: string
  /** Whose own key signed the decision; undefined when only the platform's did. */
  readonly signer: Signer | undefined
}

const FORMAT = 'scf-entry-proof/1'
const FIELDS = ['entry', 'entry_key', 'format', 'log_key', 'step', 'tlog_proof']
// Begins every message that an entry key signs, so that no other signature can stand for an entry's.
const DOMAIN = utf8('scf-ledger-entry/v1\n')
const LINE_FEED = 0x0a
const LONGEST_PATH = 64
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Checks a proof file of one entry, as received and without asking anybody: the entry's signature, its inclusion in
 * the log (RFC 6962), and the signatures of the log and of its witnesses on the checkpoint. The keys are the file's own: they make it complete,
 * not trustworthy, so compare them with the published ones.
 *
 * Throws NotProven with the code of what failed.
 */
export async function verifyEntryProof(file: string): Promise<VerifiedEntry> {
  const { envelope, entryKey, logKey, tlogProof, witnessKeys } = parseFile(file)
  const split = envelope.indexOf(LINE_FEED)
  if (split < 0) throw new NotProven('entry.envelope', 'The envelope has no line feed between body and signature.')
  const signed = envelope.slice(0, split)
  const body = parseBody(signed)

  if (toHex(await sha256(entryKey)) !== body.keyId) {
    throw new NotProven('proof.key', 'The key in the file is not the one that the entry names.')
  }
  if (!(await verifyP256(entryKey, envelope.slice(split + 1), concat(DOMAIN, signed)))) {
    throw new NotProven('signature.invalid', `The signature is not that of key ${body.keyId.slice(0, 16)}… over the entry.`)
  }
  const signer = await verifySignedDecision(decoder.decode(signed))
  const { index, path, note } = parseTlogProof(tlogProof)
  const checkpoint = await openCheckpoint(note, logKey, witnessKeys)
  if (checkpoint.origin !== body.origin) {
    throw new NotProven('proof.origin', `The entry was signed for the log ${body.origin}.`)
  }
  const leaf = await leafHash(envelope)
  const root = await rootFromInclusion(leaf, index, checkpoint.size, path)
  if (!root || !equal(root, checkpoint.root)) {
    throw new NotProven('merkle.inclusion', 'The path does not lead from the entry to the root of the checkpoint.')
  }
  const { entryId, stream, seq, kind, actor, keyId } = body
  return { entryId, stream, seq, kind, actor, keyId, index, leaf: toHex(leaf), checkpoint, logKey, signer }
}

interface ProofFile {
  readonly envelope: Bytes
  readonly entryKey: Bytes
  readonly logKey: string
  readonly tlogProof: string
  readonly witnessKeys: readonly string[]
}

function parseFile(file: string): ProofFile {
  const content = parseObject(file, 'proof.format')
  if (content['format'] !== FORMAT) {
    throw new NotProven('proof.format', `This is not a proof file of the format ${FORMAT}.`)
  }
  const { witness_keys: named, ...always } = content
  if (Object.keys(always).toSorted().join() !== FIELDS.join()) {
    throw new NotProven('proof.fields', 'The proof file has missing or unknown fields.')
  }
  if (content['step'] !== null) {
    throw new NotProven(
      'proof.step',
      'This file proves one element step besides its entry, which is not checked here.',
      'Check it with `scf ledger verify-proof`.',
    )
  }
  return {
    envelope: bytesOf(content, 'entry'),
    entryKey: bytesOf(content, 'entry_key'),
    logKey: textOf(content, 'log_key', 'proof.fields'),
    tlogProof: textOf(content, 'tlog_proof', 'proof.fields'),
    witnessKeys: 'witness_keys' in content ? witnessKeysOf(named) : [],
  }
}

/** The keys of the cosignatures; the field is there only when there are some. */
function witnessKeysOf(named: unknown): readonly string[] {
  if (Array.isArray(named) && named.length > 0 && named.every((key) => typeof key === 'string')) return named
  throw new NotProven('proof.fields', 'witness_keys must be a list of at least one key.')
}

function parseBody(signed: Bytes) {
  const body = parseObject(decoder.decode(signed), 'entry.fields')
  const seq = body['seq']
  if (body['v'] !== 1) throw new NotProven('entry.version', 'Only entries of version 1 are understood.')
  if (!Number.isSafeInteger(seq)) throw new NotProven('entry.field', 'seq must be an integer.')
  return {
    seq: seq as number,
    origin: textOf(body, 'origin', 'entry.field'),
    entryId: textOf(body, 'entry_id', 'entry.field'),
    stream: textOf(body, 'stream', 'entry.field'),
    kind: textOf(body, 'kind', 'entry.field'),
    actor: textOf(body, 'actor', 'entry.field'),
    keyId: textOf(body, 'key_id', 'entry.field'),
  }
}

/** A C2SP tlog-proof without extra data: index, path, and the checkpoint after an empty line. */
function parseTlogProof(text: string): { index: number; path: Bytes[]; note: string } {
  const split = text.indexOf('\n\n')
  const [format, indexLine = '', ...lines] = text.slice(0, Math.max(split, 0)).split('\n')
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(indexLine) ?? []
  const path = lines.map(fromBase64)
  const isPath = (nodes: typeof path): nodes is Bytes[] => nodes.every((node) => node?.length === 32)
  if (format !== 'c2sp.org/tlog-proof@v1' || index === undefined || path.length > LONGEST_PATH || !isPath(path)) {
    throw new NotProven('proof.tlog', 'The text is not a tlog-proof with an index, a path and a checkpoint.')
  }
  return { index: Number(index), path, note: text.slice(split + 2) }
}

function parseObject(text: string, code: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new NotProven(code, 'The text is not a JSON object.')
}

function textOf(content: Readonly<Record<string, unknown>>, field: string, code: string): string {
  const value = content[field]
  if (typeof value !== 'string') throw new NotProven(code, `${field} must be text.`)
  return value
}

function bytesOf(content: Readonly<Record<string, unknown>>, field: string): Bytes {
  const bytes = fromBase64(textOf(content, field, 'proof.fields'))
  if (!bytes?.length) throw new NotProven('proof.fields', `${field} must be canonical base64.`)
  return bytes
}
