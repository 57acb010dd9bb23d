// @vitest-environment node
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { toHex } from './bytes'
import { verifyEntryProof } from './entryProof'
import type { NotProven } from './errors'
import { rawFromDer } from './signatures'

// Written by the platform's own `proof` package with fixed keys: entries of a log of seven, at several tree sizes.
const vector = (name: string) => readFileSync(new URL(`vectors/${name}.proof.json`, import.meta.url), 'utf8')

const FILE = vector('entry-3-of-7')

const codeOf = (file: string): Promise<string> =>
  verifyEntryProof(file).then(
    () => 'verified',
    (error: unknown) => (error as NotProven).code,
  )

/** The file with one of its fields changed. */
const changed = (field: string, change: (text: string) => unknown): string => {
  const content = JSON.parse(FILE) as Record<string, string>
  return JSON.stringify({ ...content, [field]: change(content[field] ?? '') })
}

describe('a proof file', () => {
  it.each([
    ['entry-0-of-1', 0, 1],
    ['entry-0-of-7', 0, 7],
    ['entry-3-of-7', 3, 7],
    ['entry-6-of-7', 6, 7],
    ['entry-4-of-5', 4, 5],
  ])('%s proves the entry at its index under the checkpoint', async (name, index, size) => {
    await expect(verifyEntryProof(vector(name))).resolves.toMatchObject({
      index,
      seq: index + 1,
      stream: 'case-1',
      actor: 'user:zoë',
      checkpoint: { origin: 'scf.example/log', size },
    })
  })

  it('carries cosignatures, none of whose characters can be another', async () => {
    const cosigned = vector('entry-3-of-7-cosigned')
    await expect(verifyEntryProof(cosigned)).resolves.toMatchObject({ index: 3, checkpoint: { size: 7 } })
    const survivors: number[] = []
    for (let at = 0; at < cosigned.length; at += 1) {
      const other = cosigned[at] === 'A' ? 'B' : 'A'
      const file = cosigned.slice(0, at) + other + cosigned.slice(at + 1)
      if ((await codeOf(file)) === 'verified') survivors.push(at)
    }
    expect(survivors).toEqual([])
  })

  it('tells the leaf that the log holds', async () => {
    const [first, again] = await Promise.all([verifyEntryProof(FILE), verifyEntryProof(FILE)])
    expect(first.leaf).toMatch(/^[0-9a-f]{64}$/)
    expect(again.leaf).toBe(first.leaf)
    expect((await verifyEntryProof(vector('entry-6-of-7'))).leaf).not.toBe(first.leaf)
  })

  it('proves nothing once any one of its characters is another', async () => {
    const survivors: number[] = []
    for (let at = 0; at < FILE.length; at += 1) {
      const other = FILE[at] === 'A' ? 'B' : 'A'
      if ((await codeOf(FILE.slice(0, at) + other + FILE.slice(at + 1))) === 'verified') survivors.push(at)
    }
    expect(survivors).toEqual([])
  })

  it.each([
    ['proof.format', '[]'],
    ['proof.format', 'no json'],
    ['proof.format', changed('format', () => 'scf-entry-proof/2')],
    ['proof.fields', changed('more', () => 'field')],
    ['proof.fields', changed('entry', () => 'no base64')],
    ['proof.step', changed('step', () => ({ number: 0, event: {}, path: [] }))],
    ['entry.envelope', changed('entry', () => btoa('no line feed'))],
    ['entry.fields', changed('entry', () => btoa('no json\n'))],
    ['proof.key', changed('entry_key', (key) => btoa(`${atob(key)}x`))],
    ['proof.tlog', changed('tlog_proof', (text) => text.replace('index 3', 'index 03'))],
    ['merkle.inclusion', changed('tlog_proof', (text) => text.replace('index 3', 'index 2'))],
    ['merkle.inclusion', changed('tlog_proof', (text) => text.replace(/(index 3\n)\S+\n/, '$1'))],
    ['merkle.inclusion', changed('tlog_proof', (text) => text.replace('index 3', 'index 7'))],
    ['checkpoint.signature', changed('tlog_proof', (text) => text.replace('\n7\n', '\n8\n'))],
    ['checkpoint.cosignature', changed('tlog_proof', (text) => `${text}\u2014 other AAAA\n`)],
    ['checkpoint.form', changed('tlog_proof', (text) => `${text}other\n`)],
    ['checkpoint.key', changed('log_key', (key) => key.replace('scf.example', 'scf.elsewhere'))],
  ])('is refused with %s', async (code, file) => {
    expect(await codeOf(file)).toBe(code)
  })

  it('does not accept an entry that another key signed', async () => {
    const foreign = (file: string, entry: string) => JSON.stringify({ ...(JSON.parse(file) as object), entry })
    const { entry } = JSON.parse(vector('entry-6-of-7')) as { entry: string }
    const body = atob((JSON.parse(FILE) as { entry: string }).entry).split('\n')[0] ?? ''
    const signature = atob(entry).slice(atob(entry).indexOf('\n'))
    expect(await codeOf(foreign(FILE, btoa(body + signature)))).toBe('signature.invalid')
  })
})

describe('a DER signature', () => {
  const der = (...bytes: number[]) => Uint8Array.from(bytes)

  it('is turned into r ‖ s of 32 bytes each', () => {
    const raw = rawFromDer(der(0x30, 0x07, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x05))
    expect(raw && toHex(raw)).toBe(`${'0'.repeat(62)}80${'0'.repeat(62)}05`)
  })

  it.each([
    ['a padded integer', der(0x30, 0x07, 0x02, 0x02, 0x00, 0x05, 0x02, 0x01, 0x05)],
    ['a negative integer', der(0x30, 0x06, 0x02, 0x01, 0x80, 0x02, 0x01, 0x05)],
    ['zero', der(0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x05)],
    ['slack after it', der(0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x05, 0x00)],
    ['a large s', der(0x30, 0x26, 0x02, 0x01, 0x05, 0x02, 0x21, 0x00, ...Array<number>(32).fill(0xff))],
  ])('with %s is refused', (_, bytes) => {
    expect(rawFromDer(bytes)).toBeUndefined()
  })
})
