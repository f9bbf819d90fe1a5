import { first, sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { Writer } from '../group-commit.ts'
import type { Vigil } from '../vigil.ts'
import { createStatements, type Hold, prepareCommand, rollBack, type SnapshotReader } from './connection.ts'
import type { SqliteConnection } from './driver.ts'
import { toCommitError, toStoreError } from './errors.ts'
import type { OwnFiles } from './own-files.ts'

/**
 * @param readers Who reads what this commits.
 * @param isInMemory They read on the same connection: there nobody reads from the beginning of a transaction to its end, and
 *   elsewhere only not while it is committed.
 */
export function createWriter(
  connection: SqliteConnection,
  now: Clock,
  vigil: Vigil,
  readers: SnapshotReader,
  isInMemory: boolean,
  files: OwnFiles,
): Writer {
  const statements = createStatements(connection, now)
  const prepare = (text: string) => prepareCommand(connection, text)
  const begin = prepare('begin immediate')
  const savepoint = prepare('savepoint job')
  const undo = prepare('rollback to job')
  const release = prepare('release job')
  const commit = prepare('commit')
  let hold: Hold | undefined
  const letReadersIn = () => {
    hold?.release()
    hold = undefined
  }
  return {
    statements: {
      ...statements,
      append: ({ insertRow }, values) => statements.run({ text: insertRow, values }),
      find: ({ findRow }, value) => first(statements, { text: findRow, values: [value] }),
    },
    hasOthersWork: () => false,
    begin: async () => {
      files.assertThere()
      if (isInMemory) hold = await readers.hold()
      const ended = vigil.look()
      begin()
      return ended
    },
    savepoint: async () => savepoint(),
    undo: async () => undo(),
    release: async () => release(),
    seal: () => statements.run(sql`update bus_store set last_moment = max(last_moment, ${now()})`),
    commit: async (tell) => {
      hold ??= await readers.hold()
      commit()
      files.assertKept()
      tell(hold.change())
      letReadersIn()
    },
    rollBack: async () => {
      hold ??= await readers.hold()
      hold.forget()
      rollBack(connection)
      letReadersIn()
    },
    toStoreError,
    toCommitError,
  }
}
