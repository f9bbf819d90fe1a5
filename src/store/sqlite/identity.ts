import { startError } from '../../core/errors.ts'
import type { SqliteConnection } from './driver.ts'

/** Marks the file as ours ("BUS1"), so that no other program's database is ever migrated. */
export const APPLICATION_ID = 0x42555331

/** @throws {AppError} `database_unusable` for a file that is another program's. */
export function refuseForeign(connection: SqliteConnection): void {
  if (readPragma(connection, 'application_id') === APPLICATION_ID || isEmpty(connection)) return
  throw startError('database_unusable', 'the database file belongs to another program; name another file')
}

/** Whether nobody has made anything in it yet. */
export function isEmpty(connection: SqliteConnection): boolean {
  const [table] = connection.prepare('select 1 from sqlite_schema limit 1').all()
  return readPragma(connection, 'application_id') === 0 && table === undefined
}

export function readPragma(connection: SqliteConnection, name: string): unknown {
  const [row] = connection.prepare(`pragma ${name}`).all()
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}
