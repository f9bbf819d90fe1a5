import { describe, expect, it } from 'vitest'
import { cutPower, type DiskOperation, readJournal } from './power-cut-replay.ts'
import { createRandom } from './random.ts'

const KIND_NUMBERS = { create: 1, write: 2, truncate: 3, sync: 4, unlink: 5, 'failed sync': 6 } as const

/** A record as fixtures/disk.c writes it. */
function note(kind: keyof typeof KIND_NUMBERS, name: string, offset = 0, text = ''): Buffer {
  const head = Buffer.alloc(16)
  for (const [index, value] of [KIND_NUMBERS[kind], name.length, offset, text.length].entries()) {
    head.writeUInt32LE(value, index * 4)
  }
  return Buffer.concat([head, Buffer.from(name + text)])
}

const journalOf = (...records: Buffer[]): DiskOperation[] => readJournal(Buffer.concat(records))

/** What the file may hold after a cut, over many seeds; `none` where it is not there. */
function findOutcomes(operations: readonly DiskOperation[], name: string): Set<string> {
  return new Set(
    Array.from({ length: 200 }, (_, seed) => cutPower(operations, createRandom(seed)).get(name)?.toString() ?? 'none'),
  )
}

const kept = [note('create', 'a'), note('write', 'a', 0, 'old'), note('sync', 'a'), note('sync', '')]

describe('the journal of a disk', () => {
  it('is read record by record, without the one that was being written', () => {
    const bytes = Buffer.concat([note('create', 'a'), note('write', 'a', 7, 'text')])
    expect(readJournal(bytes)).toMatchObject([
      { kind: 'create', name: 'a', end: 17 },
      { kind: 'write', name: 'a', offset: 7, data: Buffer.from('text'), end: 38 },
    ])
    expect(readJournal(bytes.subarray(0, -1))).toHaveLength(1)
  })
})

describe('a power cut', () => {
  it('leaves what was synced', () => {
    expect(findOutcomes(journalOf(...kept), 'a')).toEqual(new Set(['old']))
  })

  it('leaves what was written since then, or not', () => {
    const operations = journalOf(...kept, note('write', 'a', 0, 'new'))
    expect(findOutcomes(operations, 'a')).toEqual(new Set(['old', 'new']))
  })

  it('tears a write between sectors, and never within one', () => {
    const operations = journalOf(...kept, note('write', 'a', 0, 'x'.repeat(1_024)))
    const outcomes = [...findOutcomes(operations, 'a')].map((text) => text.replace(/x{512}/g, 'X').replace(/\0+/g, '0'))
    expect(new Set(outcomes)).toEqual(new Set(['old', 'X', 'XX', 'old0X']))
  })

  it('leaves a new length, or the old one', () => {
    expect(findOutcomes(journalOf(...kept, note('truncate', 'a', 1)), 'a')).toEqual(new Set(['old', 'o']))
  })

  it('leaves a new or removed name for certain only when the folder was synced', () => {
    const made = [note('create', 'a'), note('write', 'a', 0, 'new'), note('sync', 'a')]
    expect(findOutcomes(journalOf(...made), 'a')).toEqual(new Set(['none', 'new']))
    expect(findOutcomes(journalOf(...kept, note('unlink', 'a')), 'a')).toEqual(new Set(['none', 'old']))
    expect(findOutcomes(journalOf(...kept, note('unlink', 'a'), note('sync', '')), 'a')).toEqual(new Set(['none']))
  })

  it('may lose what a sync failed to write, also when the next one succeeds', () => {
    const operations = journalOf(...kept, note('write', 'a', 0, 'new'), note('failed sync', 'a'), note('sync', 'a'))
    expect(findOutcomes(operations, 'a')).toEqual(new Set(['old', 'new']))
  })
})
