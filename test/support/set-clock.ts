import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileLayer } from './preload.ts'

const SOURCE = join(import.meta.dirname, '../correctness/fixtures/wall-clock.c')

/** A wall clock of some program's own, which can be set. */
export interface SettableClock {
  /** Makes a program look at it. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it so far from the machine's clock, in milliseconds. */
  set(offsetMs: number): void
}

/** @param folder Where it keeps its files, which the program must be able to read. */
export function createSettableClock(folder: string): SettableClock {
  const path = join(folder, 'clock-offset')
  const set = (offsetMs: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(offsetMs))
    // In place: the program has the file mapped.
    writeFileSync(path, bytes, { flag: 'r+' })
  }
  writeFileSync(path, Buffer.alloc(8))
  return { env: { LD_PRELOAD: compileLayer(SOURCE, folder), CLOCK_OFFSET: path }, set }
}
