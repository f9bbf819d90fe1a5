import {
  type Database,
  type Engine,
  first,
  listOf,
  type Reader,
  type Sql,
  sql,
  type Transaction,
} from '../../core/database.ts'
import type { SearchTerm } from '../../core/search-text.ts'

/** How many messages are taken into the index in one turn: a millisecond or two of everybody's time. */
const BATCH = 50

/**
 * Takes what was posted since the last time into the index of words. Posting does not: it would wait for it.
 *
 * A search asks for it first, so that it finds what was acknowledged before.
 *
 * @param maxMs Ends after about so long, with what is left.
 */
export async function indexWords(database: Database, maxMs: number = Number.POSITIVE_INFINITY): Promise<void> {
  const endsAt = performance.now() + maxMs
  while (performance.now() < endsAt && (await database.read(isBehind))) await database.write(indexBatch)
}

async function isBehind(reader: Reader): Promise<boolean> {
  return (
    (await first(reader, sql`select 1 from message_bounds where indexed_id < (select max(id) from messages)`)) !==
    undefined
  )
}

async function indexBatch(transaction: Transaction): Promise<void> {
  const words = { sqlite: sql`body`, postgres: sql`to_tsvector('simple', ${toPlain(sql`body`)})` }[transaction.engine]
  await transaction.run(sql`
    insert into message_words (rowid, words)
    select id, ${words} from messages
    where id > (select indexed_id from message_bounds) and id <= (select indexed_id + ${BATCH} from message_bounds)
    order by id`)
  await transaction.run(sql`
    update message_bounds
    set indexed_id = case
      when (select coalesce(max(id), 0) from messages) < indexed_id + ${BATCH} then (select coalesce(max(id), 0) from messages)
      else indexed_id + ${BATCH}
    end`)
}

export async function deleteWords(transaction: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await transaction.run(sql`delete from message_words where rowid in (${listOf(ids)})`)
}

/** The condition that the words of a message fit all of the terms. */
export function fits(terms: readonly SearchTerm[], engine: Engine): Sql {
  switch (engine) {
    case 'sqlite':
      return sql`message_words match ${toMatch(terms)}`
    case 'postgres':
      return sql`words @@ ${joinQueries(terms.map(toTsQuery))}`
  }
}

/** The terms in FTS5's language. Each is quoted, so that none of its operators can come from a caller. */
function toMatch(terms: readonly SearchTerm[]): string {
  return terms.map(({ text, isPrefix }) => `"${text.replaceAll('"', '""')}"${isPrefix ? '*' : ''}`).join(' ')
}

/** The server takes a term apart as it took the bodies apart; a star goes to the last word of it. */
function toTsQuery({ text, isPrefix }: SearchTerm): Sql {
  const phrase = sql`phraseto_tsquery('simple', ${toPlain(sql`cast(${text} as text)`)})`
  return isPrefix ? sql`cast(cast(${phrase} as text) || ':*' as tsquery)` : phrase
}

function joinQueries([query, ...rest]: readonly Sql[]): Sql {
  if (!query) return sql`cast('' as tsquery)`
  return rest.length === 0 ? query : sql`(${query} && ${joinQueries(rest)})`
}

/** Without accents, as FTS5 has it by itself. */
function toPlain(text: Sql): Sql {
  return sql`regexp_replace(normalize(${text}, NFKD), '[\u0300-\u036f]', '', 'g')`
}
