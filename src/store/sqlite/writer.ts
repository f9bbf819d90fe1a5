import { sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { Writer } from '../group-commit.ts'
import type { Vigil } from '../vigil.ts'
import { createStatements, rollBack } from './connection.ts'
import type { SqliteConnection } from './driver.ts'
import { toCommitError, toStoreError } from './errors.ts'

export function createWriter(connection: SqliteConnection, now: Clock, vigil: Vigil): Writer {
  const statements = createStatements(connection, now)
  return {
    statements,
    begin: async () => {
      const ended = vigil.look()
      connection.exec('begin immediate')
      return ended
    },
    savepoint: async () => connection.exec('savepoint job'),
    undo: async () => connection.exec('rollback to job'),
    release: async () => connection.exec('release job'),
    seal: () => statements.run(sql`update bus_store set last_moment = ${now()}`),
    commit: async () => connection.exec('commit'),
    rollBack: async () => rollBack(connection),
    toStoreError,
    toCommitError,
  }
}
