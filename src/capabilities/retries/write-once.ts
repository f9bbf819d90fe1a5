import type { RequestInfo, Write } from '../../core/context.ts'
import type { Database, Transaction } from '../../core/database.ts'
import { commonError } from '../../core/errors.ts'
import { deleteOldAnswers, findKeptAnswer, foreseeKeptAnswer, insertKeptAnswer } from './store.ts'

/** How long an answer is kept for a retry. */
const KEPT_MS = 24 * 60 * 60_000

/** More than one a write, so that the old ones end. */
const DELETED_PER_WRITE = 4

/** How often old answers are looked for: to look with each write would cost as much as the rest of it. */
const LOOK_EVERY_MS = 250

/** The writes since the last look, and when that was. */
const looks = new WeakMap<Database, { writes: number; at: number }>()

/**
 * Makes the write of a request. With a key its answer is kept in the same transaction as its effect, so that a retry
 * after a lost answer changes nothing and gets the same answer. A refused request keeps nothing: it changed nothing.
 *
 * @param fingerprint Tells one request from another that reuses its key by mistake.
 */
export function createWriteOnce(database: Database, request: RequestInfo, fingerprint: () => string): Write {
  const { idempotencyKey: key, onReplay: tellReplay } = request
  if (key === undefined) return (body) => database.write(body)
  return (body, replay) =>
    database.write(async (transaction) => {
      const kept = await findKeptAnswer(transaction, key)
      if (!kept) {
        const answer = await body(transaction)
        const now = await transaction.now()
        const text = JSON.stringify(replay?.keep ? replay.keep(answer) : answer)
        await insertKeptAnswer(transaction, key, { fingerprint: fingerprint(), answer: text }, now)
        await forgetOldAnswers(database, transaction, now)
        return answer
      }
      if (kept.fingerprint !== fingerprint()) throw commonError('idempotency_key_reused')
      tellReplay?.()
      const answer = JSON.parse(kept.answer)
      return replay ? replay.recall(answer, transaction) : answer
    }, foreseeKeptAnswer(key))
}

async function forgetOldAnswers(database: Database, transaction: Transaction, now: number): Promise<void> {
  const last = looks.get(database)
  const writes = (last?.writes ?? 0) + 1
  const isDue = !last || now - last.at >= LOOK_EVERY_MS
  looks.set(database, isDue ? { writes: 0, at: now } : { writes, at: last.at })
  if (isDue) await deleteOldAnswers(transaction, now - KEPT_MS, DELETED_PER_WRITE * writes)
}
