import type pg from 'pg'
import { sql } from '../../core/database.ts'
import { startError } from '../../core/errors.ts'

/** What an acknowledged write depends on. A server may be told otherwise at any time, and another one may take its place. */
export interface DurabilityRow {
  readonly fsync: string
  readonly synchronous_commit: string
  readonly full_page_writes: string
}

/** The columns of {@link DurabilityRow}. */
export const DURABILITY = sql`current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes`

interface Settings extends DurabilityRow {
  readonly server_encoding: string
  readonly server_version_num: string
}

/** Text search over normalized Unicode came with it. */
const MIN_VERSION = 130_000

/**
 * Says how durable an acknowledged write is on this server.
 *
 * @param allowUnsafe Takes a server that may lose acknowledged writes.
 * @throws {AppError} `database_unsafe`, `database_unusable`.
 */
export async function checkServer(client: pg.ClientBase, allowUnsafe: boolean): Promise<string> {
  const { rows } = await client.query<Settings>(`
    select ${DURABILITY.text}, current_setting('server_encoding') as server_encoding,
      current_setting('server_version_num') as server_version_num`)
  const [settings] = rows
  if (!settings) throw new Error('the server names no settings')
  if (Number(settings.server_version_num) < MIN_VERSION) {
    throw startError('database_unusable', 'the PostgreSQL server is older than version 13 -- update it')
  }
  if (settings.server_encoding !== 'UTF8') {
    throw startError(
      'database_unusable',
      `the database is encoded in ${settings.server_encoding}, which cannot keep every text -- make one with UTF8`,
    )
  }
  if (isDurable(settings) || allowUnsafe) return describeDurability(settings)
  throw startError(
    'database_unsafe',
    `the PostgreSQL server may lose what it acknowledged (${describeDurability(settings)}) -- turn these on, or start with --allow-unsafe-durability`,
  )
}

export function isDurable({ fsync, synchronous_commit, full_page_writes }: DurabilityRow): boolean {
  return fsync === 'on' && synchronous_commit !== 'off' && full_page_writes === 'on'
}

/** For the operator. */
export function describeDurability({ fsync, synchronous_commit, full_page_writes }: DurabilityRow): string {
  return `fsync ${fsync}, synchronous_commit ${synchronous_commit}, full_page_writes ${full_page_writes}`
}
