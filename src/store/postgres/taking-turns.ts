import { single, sql } from '../../core/database.ts'
import type { Statements } from '../bodies.ts'
import { toQuickQuery } from './connection.ts'
import { DURABILITY, type DurabilityRow } from './durability.ts'
import { isConnectionLost } from './errors.ts'
import type { KeptClient } from './kept-client.ts'
import { untilAnswered } from './turn.ts'

/** What a turn begins with. */
export interface StoreRow extends DurabilityRow {
  /** That any bus wrote last. */
  readonly last_moment: number
  /** What the database's clock shows. */
  readonly moment: number
  /** The transaction that wrote the row last. */
  readonly written_by: string
}

export interface Taken {
  readonly row: StoreRow
  /** There may be another server behind it, and what the last one knew is nothing to it. */
  readonly isNewConnection: boolean
}

/**
 * Opens a transaction, on a connection that is there or on a new one, and takes the lock on the turn.
 *
 * @param askAlongside Sends what is to be asked behind the lock.
 */
export async function takeTurn(
  client: KeptClient,
  statements: Statements,
  askAlongside: () => Promise<void>,
): Promise<Taken> {
  const wasOpen = client.isOpen()
  await client.open()
  const begun = client.query(toQuickQuery('begin'))
  const taken = selectForUpdate(statements)
  const answered = untilAnswered([taken, askAlongside()])
  // Whoever waits for the first answer hears of a lost connection before.
  answered.catch(() => {})
  try {
    await begun
  } catch (error) {
    // A connection that was lost while nobody used it is found out here, and nothing is under way yet.
    if (!wasOpen || !isConnectionLost(error)) throw error
    return takeTurn(client, statements, askAlongside)
  }
  await answered
  return { row: await taken, isNewConnection: !wasOpen }
}

function selectForUpdate(statements: Statements): Promise<StoreRow> {
  // The clock outside: beside the lock it is read before it, and that stands when nobody changed the row meanwhile.
  return single<StoreRow>(
    statements,
    sql`
      with turn as materialized (select last_moment, cast(xmin as text) as written_by from bus_store for update)
      select last_moment, written_by, ${CLOCK} as moment, ${DURABILITY} from turn`,
  )
}

/**
 * Keeps the moment of a turn for the next one, whichever bus takes it.
 *
 * @returns Who wrote it: as long as the next turn finds the same, no other bus had one in between.
 */
export async function keepMoment(statements: Statements, moment: number): Promise<string> {
  const { written_by } = await single<Pick<StoreRow, 'written_by'>>(
    statements,
    sql`update bus_store set last_moment = greatest(last_moment, ${moment}) returning cast(xmin as text) as written_by`,
  )
  return written_by
}

/** The database's clock in epoch milliseconds, at this very statement and not at the beginning of its transaction. */
export const CLOCK = sql`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`
