import type pg from 'pg'
import { startError } from '../../core/errors.ts'

interface Settings {
  readonly fsync: string
  readonly synchronous_commit: string
  readonly full_page_writes: string
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
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
      current_setting('full_page_writes') as full_page_writes, current_setting('server_encoding') as server_encoding,
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
  const { fsync, synchronous_commit, full_page_writes } = settings
  const durability = `fsync ${fsync}, synchronous_commit ${synchronous_commit}, full_page_writes ${full_page_writes}`
  const isSafe = fsync === 'on' && synchronous_commit !== 'off' && full_page_writes === 'on'
  if (isSafe || allowUnsafe) return durability
  throw startError(
    'database_unsafe',
    `the PostgreSQL server may lose what it acknowledged (${durability}) -- turn these on, or start with --allow-unsafe-durability`,
  )
}
