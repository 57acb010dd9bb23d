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

// The signature type byte of Ed25519 in C2SP signed notes.
const ED25519 = 0x01

/**
 * Reads a checkpoint that the log itself signed and nobody else, so that each byte of the note is covered, and checks
 * the signature under `noteKey` (`name+hash+key`).
 *
 * Throws NotProven `checkpoint.form`, `checkpoint.key`, `checkpoint.signature` or `checkpoint.origin`.
 */
export async function openCheckpoint(note: string, noteKey: string): Promise<Checkpoint> {
  const key = await parseNoteKey(noteKey)
  const [, text, name, blob = ''] = /^([^]*?\n)\n\u2014 (\S+) (\S+)\n$/.exec(note) ?? []
  const signature = fromBase64(blob)
  if (text === undefined || !signature) {
    throw new NotProven('checkpoint.form', 'The note does not end with exactly one signature line.')
  }
  const isItsKey = name === key.name && equal(signature.slice(0, 4), key.hint)
  if (!isItsKey || !(await verifyEd25519(key.publicKey, signature.slice(4), utf8(text)))) {
    throw new NotProven('checkpoint.signature', `The note is not signed by ${key.name}.`)
  }
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== key.name) {
    throw new NotProven('checkpoint.origin', `The checkpoint is of ${checkpoint.origin}, the key of ${key.name}.`)
  }
  return checkpoint
}

async function parseNoteKey(text: string): Promise<NoteKey> {
  const [, name, hint, material = ''] = /^([!-*,-~]{1,255})\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? []
  const typed = fromBase64(material)
  if (name === undefined || typed?.length !== 33 || typed[0] !== ED25519) {
    throw new NotProven('checkpoint.key', 'The log key is not an Ed25519 note key of the form name+hash+key.')
  }
  const expected = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, 4)
  if (toHex(expected) !== hint) {
    throw new NotProven('checkpoint.key', 'The hash in the log key is not that of its name and key.')
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
