import { defineAppend } from '../../core/append.ts'
import { first, type Reader, sql, type Transaction } from '../../core/database.ts'

export interface KeptAnswerRow {
  fingerprint: string
  /** JSON. */
  answer: string
}

export function findKeptAnswer(reader: Reader, key: string): Promise<KeptAnswerRow | undefined> {
  return first<KeptAnswerRow>(reader, sql`select fingerprint, answer from kept_answers where idempotency_key = ${key}`)
}

const KEPT_ANSWERS = defineAppend('kept_answers', [
  ['idempotency_key', 'text'],
  ['fingerprint', 'text'],
  ['answer', 'text'],
  ['at', 'bigint'],
])

export function insertKeptAnswer(
  transaction: Transaction,
  key: string,
  { fingerprint, answer }: KeptAnswerRow,
  at: number,
): Promise<void> {
  return transaction.append(KEPT_ANSWERS, { idempotency_key: key, fingerprint, answer, at })
}

/** Deletes at most `limit` of those that are older than `before`, so that no single write pays for all. */
export async function deleteOldAnswers(transaction: Transaction, before: number, limit: number): Promise<void> {
  await transaction.run(sql`
    delete from kept_answers
    where idempotency_key in (select idempotency_key from kept_answers where at < ${before} order by at limit ${limit})`)
}
