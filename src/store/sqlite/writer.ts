import { sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { Writer } from '../group-commit.ts'
import type { Vigil } from '../vigil.ts'
import { createStatements, prepareCommand, rollBack } from './connection.ts'
import type { SqliteConnection } from './driver.ts'
import { toCommitError, toStoreError } from './errors.ts'

export function createWriter(connection: SqliteConnection, now: Clock, vigil: Vigil): Writer {
  const statements = createStatements(connection, now)
  const prepare = (text: string) => prepareCommand(connection, text)
  const begin = prepare('begin immediate')
  const savepoint = prepare('savepoint job')
  const undo = prepare('rollback to job')
  const release = prepare('release job')
  const commit = prepare('commit')
  return {
    statements,
    isShared: false,
    begin: async () => {
      const ended = vigil.look()
      begin()
      return ended
    },
    savepoint: async () => savepoint(),
    undo: async () => undo(),
    release: async () => release(),
    seal: () => statements.run(sql`update bus_store set last_moment = ${now()}`),
    commit: async () => commit(),
    rollBack: async () => rollBack(connection),
    toStoreError,
    toCommitError,
  }
}
