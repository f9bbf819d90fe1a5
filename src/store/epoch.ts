import { randomUUID } from 'node:crypto'
import { type Sql, sql } from '../core/database.ts'

/** What the epoch of a copy begins with that no bus has served yet. */
const COPY = 'copy of '

/** A new identity for a log. */
export function createEpoch(): string {
  return randomUUID()
}

/**
 * Says of a copy that it is one. What it was copied from goes on, and hands out the same ids and fences for other things: so the
 * bus that is started on a copy takes another epoch. It does so then, and not now, for one copy may be restored twice.
 *
 * @param execute Runs a statement on the copy.
 */
export function markAsCopy(execute: (text: string) => void): void {
  execute(`update bus_store set epoch = '${COPY}' || epoch where epoch not like '${COPY}%'`)
}

/** Gives a copy the epoch of its own; changes nothing elsewhere. */
export function renewEpochOfCopy(): Sql {
  return sql`update bus_store set epoch = ${createEpoch()} where epoch like ${`${COPY}%`}`
}
