import type { RequestInfo, Write } from '../../core/context.ts'
import type { Database } from '../../core/database.ts'
import { commonError } from '../../core/errors.ts'
import { deleteOldAnswers, findKeptAnswer, insertKeptAnswer } from './store.ts'

/** How long an answer is kept for a retry. */
const KEPT_MS = 24 * 60 * 60_000

/** More than one a write, so that the old ones end. */
const DELETED_PER_WRITE = 4

/**
 * Makes the write of a request. With a key its answer is kept in the same transaction as its effect, so that a retry
 * after a lost answer changes nothing and gets the same answer. A refused request keeps nothing: it changed nothing.
 *
 * @param fingerprint Tells one request from another that reuses its key by mistake.
 */
export function createWriteOnce(database: Database, request: RequestInfo, fingerprint: () => string): Write {
  const { idempotencyKey: key, onReplay: tellReplay } = request
  if (key === undefined) return database.write
  return (body, onReplay) =>
    database.write(async (transaction) => {
      const kept = await findKeptAnswer(transaction, key)
      if (!kept) {
        const answer = await body(transaction)
        const now = await transaction.now()
        await insertKeptAnswer(transaction, key, { fingerprint: fingerprint(), answer: JSON.stringify(answer) }, now)
        await deleteOldAnswers(transaction, now - KEPT_MS, DELETED_PER_WRITE)
        return answer
      }
      if (kept.fingerprint !== fingerprint()) throw commonError('idempotency_key_reused')
      tellReplay?.()
      const answer: Awaited<ReturnType<typeof body>> = JSON.parse(kept.answer)
      return onReplay ? onReplay(answer, transaction) : answer
    })
}
