import { type Bytes, concat, equal, fromBase64, toHex, utf8 } from './bytes'
import { NotProven } from './errors'
import { sha256 } from './merkle'
import { verifyEd25519 } from './signatures'

/** What a log signs: so many entries, and the root over them (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Bytes
}

interface NoteKey {
  readonly name: string
  readonly hint: Bytes
  readonly publicKey: Bytes
}

// The signature type bytes of C2SP signed notes and of C2SP tlog-cosignature, both Ed25519.
const LOG_SIGNATURE = 0x01
const COSIGNATURE = 0x04
// A cosignature begins with its time: the seconds since 1970, eight bytes.
const TIME_BYTES = 8

/**
 * Reads a checkpoint that the log itself signed under `noteKey` (`name+hash+key`) and that these witnesses, and nobody
 * else, cosigned in this order, so that each byte of the note is covered; checks every signature.
 *
 * Throws NotProven `checkpoint.form`, `checkpoint.key`, `checkpoint.signature`, `checkpoint.cosignature` or
 * `checkpoint.origin`.
 */
export async function openCheckpoint(
  note: string,
  noteKey: string,
  witnessKeys: readonly string[] = [],
): Promise<Checkpoint> {
  const key = await parseNoteKey(noteKey, LOG_SIGNATURE)
  const [, text, lines] = /^([^]*?\n)\n((?:\u2014 \S+ \S+\n)+)$/.exec(note) ?? []
  if (text === undefined || lines === undefined) {
    throw new NotProven('checkpoint.form', 'The note does not end with signature lines.')
  }
  const [own, ...cosignatures] = lines.trimEnd().split('\n')
  const signature = signatureOf(own, key)
  if (!signature || !(await verifyEd25519(key.publicKey, signature, utf8(text)))) {
    throw new NotProven('checkpoint.signature', `The note is not signed by ${key.name}.`)
  }
  const isOneEach = new Set(witnessKeys).size === witnessKeys.length && cosignatures.length === witnessKeys.length
  if (!isOneEach) {
    throw new NotProven('checkpoint.cosignature', 'The cosignatures are not one of each named witness.')
  }
  for (const [at, witnessKey] of witnessKeys.entries()) {
    await checkCosignature(text, cosignatures[at], await parseNoteKey(witnessKey, COSIGNATURE))
  }
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== key.name) {
    throw new NotProven('checkpoint.origin', `The checkpoint is of ${checkpoint.origin}, the key of ${key.name}.`)
  }
  return checkpoint
}

async function checkCosignature(text: string, line: string | undefined, key: NoteKey): Promise<void> {
  const signature = signatureOf(line, key)
  if (signature?.length === TIME_BYTES + 64) {
    const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0)
    const signed = utf8(`cosignature/v1\ntime ${seconds}\n${text}`)
    const isPossible = seconds < 2n ** 63n
    if (isPossible && (await verifyEd25519(key.publicKey, signature.slice(TIME_BYTES), signed))) return
  }
  throw new NotProven('checkpoint.cosignature', `The note is not cosigned by ${key.name}.`)
}

/** The signature in a line of this key; undefined when the line is of another one or is none. */
function signatureOf(line: string | undefined, key: NoteKey): Bytes | undefined {
  const [, name, blob = ''] = /^\u2014 (\S+) (\S+)$/.exec(line ?? '') ?? []
  const signature = fromBase64(blob)
  return name === key.name && signature && equal(signature.slice(0, 4), key.hint) ? signature.slice(4) : undefined
}

async function parseNoteKey(text: string, type: number): Promise<NoteKey> {
  const [, name, hint, material = ''] = /^([!-*,-~]{1,255})\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? []
  const typed = fromBase64(material)
  if (name === undefined || typed?.length !== 33 || typed[0] !== type) {
    throw new NotProven('checkpoint.key', 'The key is not an Ed25519 note key of the form name+hash+key.')
  }
  const expected = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, 4)
  if (toHex(expected) !== hint) {
    throw new NotProven('checkpoint.key', 'The hash in the key is not that of its name and key.')
  }
  return { name, hint: expected, publicKey: typed.slice(1) }
}

function parseCheckpoint(text: string): Checkpoint {
  const [, origin, size, encoded = ''] = /^([!-*,-~]{1,255})\n(0|[1-9]\d{0,15})\n(\S+)\n$/.exec(text) ?? []
  const root = fromBase64(encoded)
  if (origin === undefined || root?.length !== 32 || !Number.isSafeInteger(Number(size))) {
    throw new NotProven('checkpoint.form', 'A checkpoint is three lines: origin, size and root.')
  }
  return { origin, size: Number(size), root }
}
