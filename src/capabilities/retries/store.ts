import { defineAppend } from '../../core/append.ts'
import { sql, type Transaction } from '../../core/database.ts'
import { defineLookup, type Foreseen } from '../../core/lookup.ts'

export interface KeptAnswerRow {
  fingerprint: string
  /** JSON. */
  answer: string
}

const KEPT_ANSWER = defineLookup<KeptAnswerRow>('kept_answers', 'idempotency_key', ['fingerprint', 'answer'])

export function findKeptAnswer(transaction: Transaction, key: string): Promise<KeptAnswerRow | undefined> {
  return transaction.find(KEPT_ANSWER, key)
}

/** For whoever opens the transaction: it will be asked for. */
export function foreseeKeptAnswer(key: string): Foreseen {
  return { lookup: KEPT_ANSWER, value: key }
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
