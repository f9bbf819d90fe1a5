import type pg from 'pg'
import type { Sql } from '../../core/database.ts'
import type { Foreseen, Lookup } from '../../core/lookup.ts'
import type { SharedStatements } from '../bodies.ts'
import { createStatements } from './connection.ts'
import { createGathered } from './gathered.ts'
import { createKnownRows } from './known-rows.ts'

/** What a turn sends, and what it need not send: savepoints of bodies that ask for nothing, and a statement for each row. */
export interface Turn {
  readonly statements: SharedStatements
  begin(): void
  /** Asks for what the bodies will look up. */
  foresee(foreseen: readonly Foreseen[]): Promise<void>
  /** The next body begins. */
  beginBody(): void
  /** Takes back what the body did. */
  undoBody(): Promise<void>
  /** Sends what was gathered; for the end of the turn, whose statements belong to no body. */
  flush(): Promise<void>
}

/**
 * @param ask Sends at once, also when the answers of what was sent before are still to come.
 */
export function createTurn(ask: (query: pg.QueryConfig) => Promise<pg.QueryResult>, now: () => Promise<number>): Turn {
  const plain = createStatements(ask, now)
  const gathered = createGathered()
  const known = createKnownRows(ask)
  let hasSavepoint = false
  /** Whether the body's savepoint is still to be set: one that sends nothing needs none. */
  let isDue = false

  /** What must be there before a statement is sent in front of it, and its answers are not waited for by themselves. */
  const sendBefore = (text: string | undefined): Promise<unknown>[] => {
    const sent: Promise<unknown>[] = []
    if (isDue) {
      isDue = false
      // The one before is released as late as this: that saves a round trip for each body.
      sent.push(ask({ text: hasSavepoint ? 'release savepoint job; savepoint job' : 'savepoint job' }))
      hasSavepoint = true
    }
    for (const statement of gathered.take(text)) sent.push(plain.run(statement))
    return sent
  }
  const send = async <T>(statement: Sql, ask: (statement: Sql) => Promise<T>): Promise<T> => {
    const { text } = statement
    const before = sendBefore(text)
    known.forgetNamed(text)
    const answer = ask(statement)
    if (before.length > 0) await untilAnswered([...before, answer])
    return answer
  }
  return {
    statements: {
      ...plain,
      all: <Row extends object>(statement: Sql) => send(statement, plain.all<Row>),
      run: (statement) => send(statement, plain.run),
      append: async (to, values) => {
        gathered.add(to, values)
        known.forgetRow(to, values)
      },
      find: async <Row extends object>(lookup: Lookup<Row>, value: string) => {
        const found = known.find(lookup, value)
        if (found) return found.row
        const [row] = await send({ text: lookup.findRow, values: [value] }, (statement) => plain.all<Row>(statement))
        return row
      },
    },
    foresee: known.learn,
    begin: () => {
      gathered.clear()
      known.clear()
      hasSavepoint = false
      isDue = false
    },
    beginBody: () => {
      gathered.settle()
      isDue = true
    },
    undoBody: async () => {
      gathered.undo()
      if (!isDue) await ask({ text: 'rollback to savepoint job' })
    },
    flush: async () => {
      isDue = false
      await untilAnswered(sendBefore(undefined))
    },
  }
}

/** Rejects as the first of them in their order did: after a statement that failed PostgreSQL refuses all the others. */
export async function untilAnswered(answers: readonly Promise<unknown>[]): Promise<void> {
  for (const answer of answers) answer.catch(() => {})
  for (const answer of answers) await answer
}
