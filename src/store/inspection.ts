import type { Reader } from '../core/database.ts'

/** What to do about a database that is not as it must be. */
export const RESTORE_ADVICE = 'stop the bus, keep a copy of the file, and restore the newest backup that passes'

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
