import { first, sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { Writer } from '../group-commit.ts'
import type { Vigil } from '../vigil.ts'
import { createStatements, prepareCommand, rollBack, type SnapshotReader } from './connection.ts'
import type { SqliteConnection } from './driver.ts'
import { toCommitError, toStoreError } from './errors.ts'

/** @param readers Who reads what this commits, on another connection. */
export function createWriter(
  connection: SqliteConnection,
  now: Clock,
  vigil: Vigil,
  readers: SnapshotReader | undefined,
): Writer {
  const statements = createStatements(connection, now)
  const prepare = (text: string) => prepareCommand(connection, text)
  const begin = prepare('begin immediate')
  const savepoint = prepare('savepoint job')
  const undo = prepare('rollback to job')
  const release = prepare('release job')
  const commit = prepare('commit')
  return {
    statements: {
      ...statements,
      append: ({ insertRow }, values) => statements.run({ text: insertRow, values }),
      find: ({ findRow }, value) => first(statements, { text: findRow, values: [value] }),
    },
    hasOthersWork: () => false,
    begin: async () => {
      const ended = vigil.look()
      begin()
      return ended
    },
    savepoint: async () => savepoint(),
    undo: async () => undo(),
    release: async () => release(),
    seal: () => statements.run(sql`update bus_store set last_moment = ${now()}`),
    commit: async (tell) => {
      if (!readers) return commit()
      await readers.between((committed) => {
        commit()
        tell(committed)
      })
    },
    rollBack: async () => {
      readers?.forget()
      rollBack(connection)
    },
    toStoreError,
    toCommitError,
  }
}
