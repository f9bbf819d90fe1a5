import { type Database, first, listOf, type Reader, sql, type Transaction } from '../../core/database.ts'
import type { SearchTerm } from '../../core/search-text.ts'

/** How many messages are taken into the index in one turn: some milliseconds of everybody's time. */
const BATCH = 200

/**
 * Takes what was posted since the last time into the index of words. Posting does not: it would wait for it.
 *
 * A search asks for it first, so that it finds what was acknowledged before.
 */
export async function indexWords(database: Database): Promise<void> {
  while (await database.read(isBehind)) await database.write(indexBatch)
}

async function isBehind(reader: Reader): Promise<boolean> {
  return (await first(reader, sql`select 1 from message_head where indexed_id < head_id`)) !== undefined
}

async function indexBatch(transaction: Transaction): Promise<void> {
  await transaction.run(sql`
    insert into message_words (rowid, words)
    select id, body from messages
    where id > (select indexed_id from message_head) and id <= (select indexed_id + ${BATCH} from message_head)
    order by id`)
  await transaction.run(sql`update message_head set indexed_id = min(head_id, indexed_id + ${BATCH})`)
}

export async function deleteWords(transaction: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await transaction.run(sql`delete from message_words where rowid in (${listOf(ids)})`)
}

/** The terms in FTS5's language. Each is quoted, so that none of its operators can come from a caller. */
export function toMatch(terms: readonly SearchTerm[]): string {
  return terms.map(({ text, isPrefix }) => `"${text.replaceAll('"', '""')}"${isPrefix ? '*' : ''}`).join(' ')
}
