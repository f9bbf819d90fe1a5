import type { Reader } from '../core/database.ts'

/**
 * A database as whoever only looks at it has it: nothing of it is locked, changed or migrated, and a bus may serve it
 * meanwhile. Each statement sees one moment, and two of them may see two.
 */
export interface Inspection {
  readonly reader: Pick<Reader, 'engine' | 'all'>
  /** Whether it has all the tables of this version; an older one made the others. */
  readonly isCurrent: boolean
  /** What the engine finds wrong with its own file, in its words; empty when that is whole. Absent where only a server could look. */
  readonly checkFile?: () => Promise<readonly string[]>
  close(): Promise<void>
}
