import type { Random } from './random.ts'

/** What a disk may tear apart: it writes a sector whole or not at all. */
const SECTOR_BYTES = 512

const KINDS = ['', 'create', 'write', 'truncate', 'sync', 'unlink', 'failed sync'] as const
const HEAD_BYTES = 16

/** What a program did to a file of the folder, as fixtures/disk.c noted it. A name of '' is the folder itself. */
export interface DiskOperation {
  readonly kind: (typeof KINDS)[number]
  readonly name: string
  readonly offset: number
  readonly data: Buffer
  /** Where its record ends in the journal. */
  readonly end: number
}

/** The operations of a journal; one that was still being written is left out. */
export function readJournal(journal: Buffer): DiskOperation[] {
  const operations: DiskOperation[] = []
  for (let at = 0; at + HEAD_BYTES <= journal.length; ) {
    const [kind = 0, nameBytes = 0, offset = 0, dataBytes = 0] = [0, 4, 8, 12].map((of) =>
      journal.readUInt32LE(at + of),
    )
    const nameAt = at + HEAD_BYTES
    const dataAt = nameAt + nameBytes
    at = dataAt + dataBytes
    if (at > journal.length) break
    const name = journal.toString('utf8', nameAt, dataAt)
    operations.push({ kind: KINDS[kind] ?? '', name, offset, data: journal.subarray(dataAt, at), end: at })
  }
  return operations
}

interface File {
  synced: Content
  /** Since the last sync. */
  pending: DiskOperation[]
}

interface Content {
  /** Zeros behind `length`. */
  bytes: Buffer
  length: number
}

type Entries = Map<string, File>
type EntryChange = readonly [name: string, file: File | undefined]

/**
 * The files of the folder as a power cut after these operations leaves them: whatever was synced is there; of the rest,
 * each 512-byte sector, each change of a length and each change of the folder is there or not, as chance has it. A new
 * or removed name is certain only when the folder was synced, which is less than most file systems promise. What a sync
 * failed to write is not written by the next one either, as on Linux since 4.13.
 */
export function cutPower(operations: Iterable<DiskOperation>, random: Random): Map<string, Buffer> {
  const entries: Entries = new Map()
  const synced: Entries = new Map()
  let changes: EntryChange[] = []
  for (const operation of operations) {
    const { kind, name } = operation
    if (kind === 'create' || kind === 'unlink') {
      const change = [name, kind === 'create' ? { synced: emptyContent(), pending: [] } : undefined] as const
      applyChange(entries, change)
      changes.push(change)
    } else if (name === '' && kind === 'sync') {
      for (const change of changes) applyChange(synced, change)
      changes = []
    } else if (name !== '') {
      const file = entries.get(name)
      if (!file) throw new Error(`the journal has a ${kind} of ${name}, which is not there`)
      if (kind === 'sync') sync(file)
      else if (kind === 'failed sync') tear(file, random)
      else file.pending.push(operation)
    }
  }
  const survives = createLottery(random)
  for (const change of changes) if (survives()) applyChange(synced, change)
  return new Map([...synced].map(([name, file]) => [name, readTorn(file, random)]))
}

function applyChange(entries: Entries, [name, file]: EntryChange): void {
  if (file) entries.set(name, file)
  else entries.delete(name)
}

function sync(file: File): void {
  for (const operation of file.pending) apply(file.synced, operation)
  file.pending = []
}

/** Mixes what was pending in as far as chance has it, and forgets the rest. */
function tear(file: File, random: Random): void {
  const survives = createLottery(random)
  for (const operation of file.pending) {
    for (const part of splitAtSectors(operation)) if (survives()) apply(file.synced, part)
  }
  file.pending = []
}

function readTorn(file: File, random: Random): Buffer {
  tear(file, random)
  return file.synced.bytes.subarray(0, file.synced.length)
}

/** From a disk that had written nothing yet to one that had just written everything. */
function createLottery(random: Random): () => boolean {
  const percent = random.pick([0, 10, 50, 90, 100])
  return () => random.below(100) < percent
}

function splitAtSectors(operation: DiskOperation): DiskOperation[] {
  const { kind, offset, data } = operation
  if (kind !== 'write') return [operation]
  const parts: DiskOperation[] = []
  for (let from = 0; from < data.length; ) {
    const to = from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES)
    parts.push({ ...operation, offset: offset + from, data: data.subarray(from, to) })
    from = to
  }
  return parts
}

function apply(content: Content, { kind, offset, data }: DiskOperation): void {
  if (kind === 'truncate') {
    if (offset < content.length) content.bytes.fill(0, offset, content.length)
    reserve(content, offset)
    content.length = offset
    return
  }
  reserve(content, offset + data.length)
  data.copy(content.bytes, offset)
  content.length = Math.max(content.length, offset + data.length)
}

function emptyContent(): Content {
  return { bytes: Buffer.alloc(65_536), length: 0 }
}

function reserve(content: Content, length: number): void {
  if (length <= content.bytes.length) return
  const larger = Buffer.alloc(Math.max(length, 2 * content.bytes.length))
  content.bytes.copy(larger)
  content.bytes = larger
}
