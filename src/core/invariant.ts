import { type Reader, type Sql, single, sql } from './database.ts'

/**
 * What is true of all that is kept, between any two commits. One statement tells who breaks it: it sees one moment, and holds
 * no snapshot for longer than it takes, so that a bus may serve the database meanwhile.
 */
export interface Invariant {
  /** `capability.what-is-looked-at`. */
  readonly name: string
  /** What holds, for people. */
  readonly holds: string
  /** Whose rows are looked at. */
  readonly table: string
  /**
   * A row for each violation, in an order, without a limit: what names it, as ids, revs, fences and lanes; never a body, and
   * never who it was.
   */
  readonly violations: Sql
}

/** What one look at an {@link Invariant} found. */
export interface Finding {
  readonly name: string
  readonly holds: string
  /** What was looked at, as in `12 messages`. */
  readonly looked: string
  /** The first violations, a text each; empty when all is well. */
  readonly violations: readonly string[]
  /** There are others. */
  readonly hasMore: boolean
}

/** How many violations are told: whoever repairs one looks again. */
const MOST = 5

/** Looks at every row that an invariant is about. */
export async function checkInvariant(
  reader: Pick<Reader, 'all'>,
  { name, holds, table, violations }: Invariant,
): Promise<Finding> {
  const rows = await reader.all<object>(sql`${violations} limit ${MOST + 1}`)
  const from: Sql = { text: table, values: [] }
  const { count } = await single<{ count: number }>(reader, sql`select count(*) as count from ${from}`)
  return {
    name,
    holds,
    looked: `${count} ${table}`,
    violations: rows.slice(0, MOST).map(describeRow),
    hasMore: rows.length > MOST,
  }
}

function describeRow(row: object): string {
  // As JSON, for what a damaged file has in the place of a name may move a terminal's cursor.
  return Object.entries(row)
    .map(([column, value]) => `${column} ${JSON.stringify(value)}`)
    .join(' ')
}

/**
 * A step that would break what must always hold, caught before it was kept. A fault of ours: whoever asked hears
 * `invariant_violated`, and the operator which one it was.
 */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  /** As {@link Invariant.name}. */
  readonly invariant: string

  /** @param figures For the operator: fences, revs, ids and moments, and no names. */
  constructor(invariant: string, figures: string) {
    super(`${invariant}: ${figures}`)
    this.invariant = invariant
  }
}
