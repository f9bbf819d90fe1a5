import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Target } from './question.ts'

/** Where and how an answer was found. */
export interface Circumstances {
  readonly machine: string
  readonly system: string
  readonly node: string
  readonly commit: string
  readonly command: string
}

/** The answers that are kept, by the names of the questions. */
export type Recorded = Readonly<Record<string, RecordedAnswer>>
export interface RecordedAnswer extends Circumstances, Answer {
  readonly asks: string
  readonly targets: readonly Target[]
}

const FILE = join(import.meta.dirname, '../recorded.json')

/** What was kept last; nothing when nothing ever was. */
export function readRecorded(): Recorded {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
}

/** Keeps answers, and leaves those of other questions as they are. */
export function writeRecorded(answers: Recorded): void {
  const all = Object.entries({ ...readRecorded(), ...answers }).sort(([one], [other]) => (one < other ? -1 : 1))
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(all), roundNumbers, 2)}\n`)
}

/** Four digits say more than any of these figures knows. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}
