import type { Context } from '../../core/context.ts'
import type { Transaction } from '../../core/database.ts'
import { AppError, commonError } from '../../core/errors.ts'
import { createWaker, type Waker } from '../../core/waker.ts'
import type { Holder } from './decide.ts'
import { countWaiters, findNextWaiter, findWaiter, selectWaitsOf, updateWaiter, upsertWaiter } from './queue-store.ts'
import { findLane } from './store.ts'

/** A waiter that has not looked for so long is taken for dead, and keeps nobody back. */
const PRESENT_MS = 5_000

/** How often a waiter looks by itself, when nothing wakes it: for one that is before it and died. */
const LOOK_EVERY_MS = 1_500

/** How long a place is kept for one whose wait ended without the lane. */
const TICKET_MS = 30_000

/** Wakes one who waits for a lane. */
function toChannel(lane: string, { owner, session }: Holder): string {
  return `lane:${JSON.stringify([lane, owner, session])}`
}

/** Wakes the one whose turn is next. To wake them all costs each a turn in which it finds out that it is not. */
export async function wakeNext(transaction: Transaction, lane: string, now: number): Promise<void> {
  const next = await findNextWaiter(transaction, lane, now)
  if (next) transaction.notify(toChannel(lane, next))
}

/** A step of a wait that would never end: `owner` waits for `lane`, and `held_by` holds it. */
export interface WaitStep {
  readonly owner: string
  readonly lane: string
  readonly held_by: string
}

/** Where a waiter stands when its wait is over. */
export interface Place {
  /** 1 for the next one. */
  readonly position: number
  /** Rises in the order of arrival. */
  readonly ticket: number
  /** Whoever asks again so soon has kept the place. */
  readonly ticket_expires_in_ms: number
}

export interface Wait<Answer> {
  readonly context: Context
  readonly lane: string
  readonly holder: Holder
  readonly waitMs: number
  /** Claims the lane if it is this holder's turn; rejects with a `busy` error when it cannot be had yet. */
  readonly attempt: () => Promise<Answer>
  /** Takes back what was granted to one who had gone meanwhile. */
  readonly undo: (answer: Answer) => Promise<unknown>
  readonly failDeadlock: (cycle: readonly WaitStep[], transaction: Transaction) => Promise<AppError>
}

/**
 * Claims a lane when its turn comes: first in, first out, and nobody passes a waiter that is still there.
 *
 * @throws {AppError} The refusal of the last attempt, with its {@link Place}, when the wait ended first; `would_deadlock`
 *   when it could never end; `request_cancelled` when the caller has gone.
 */
export async function claimInTurn<Answer>(wait: Wait<Answer>): Promise<Answer> {
  const { context, lane, holder, waitMs, attempt } = wait
  // Before the first attempt, so that no release in between is missed.
  const waker = createWaker(context, toChannel(lane, holder))
  try {
    const refusal = await attempt().catch(toBusyError)
    if (!(refusal instanceof AppError)) return refusal
    const endsAt = await join(wait)
    return await waitForTurn(wait, waker, endsAt + waitMs, refusal)
  } catch (error) {
    if (context.signal.aborted) await leave(context, lane, holder)
    throw error
  } finally {
    waker.close()
  }
}

async function waitForTurn<Answer>(
  wait: Wait<Answer>,
  waker: Waker,
  endsAt: number,
  firstRefusal: AppError,
): Promise<Answer> {
  const { context, lane, holder, attempt, undo } = wait
  let refusal = firstRefusal
  while (true) {
    // A bus that is to end says how the lane stands, and keeps the place for whoever asks the next one.
    const until = context.waits.stopping.aborted ? 0 : endsAt
    const view = await context.database.write((transaction) => look(transaction, lane, holder, until))
    // At the end of its wait, too: who is refused then is told how the lane stands now.
    if (view.isTurn || view.remainingMs <= 0) {
      const answer = await attempt().catch(toBusyError)
      if (!(answer instanceof AppError)) {
        if (!context.signal.aborted) return answer
        await undo(answer)
      } else refusal = answer
    }
    if (context.signal.aborted) throw commonError('request_cancelled')
    if (view.remainingMs <= 0) throw endWait(refusal, view.place, context.waits.stopping.aborted)
    await waker.wait(Math.min(view.remainingMs, view.freeInMs, LOOK_EVERY_MS))
  }
}

/** @param isStopping The wait ended with the bus: another may be asked at once. */
function endWait({ kind, code, message, details }: AppError, place: Place, isStopping: boolean): AppError {
  return new AppError(kind, code, message, { ...details, ...place, ...(isStopping ? { retry_after_ms: 0 } : {}) })
}

/** Enters the queue. Returns the moment of it. */
function join<Answer>({ context, lane, holder, failDeadlock }: Wait<Answer>): Promise<number> {
  return context.database.write(async (transaction) => {
    const now = await transaction.now()
    await upsertWaiter(transaction, lane, holder, now, now + PRESENT_MS)
    const cycle = await findCycle(transaction, holder, now)
    if (cycle) throw await failDeadlock(cycle, transaction)
    return now
  })
}

/**
 * Keeps nobody back any more, and lets the next one know. The place stays for a while: one whose connection broke may be
 * waiting again already, and this is its place, too; the wake-up makes it say that it is there.
 */
async function leave({ database }: Context, lane: string, holder: Holder): Promise<void> {
  await database.write(async (transaction) => {
    const now = await transaction.now()
    await updateWaiter(transaction, lane, holder, now, now + TICKET_MS)
    transaction.notify(toChannel(lane, holder))
    await wakeNext(transaction, lane, now)
  })
}

/** Says that the waiter is still there, and how its lane stands. At the end of the wait it keeps the place for a while. */
async function look(transaction: Transaction, name: string, holder: Holder, endsAt: number) {
  const now = await transaction.now()
  const isOver = now >= endsAt
  await updateWaiter(
    transaction,
    name,
    holder,
    isOver ? now : now + PRESENT_MS,
    now + (isOver ? TICKET_MS : PRESENT_MS),
  )
  const ahead = await countWaiters(transaction, name, now, holder)
  const waiter = await findWaiter(transaction, name, holder)
  const lane = await findLane(transaction, name)
  const freeInMs = lane?.tenure ? Math.max(0, lane.tenure.expiresAt - now) : 0
  // One that leaves the queue while the lane is free may have kept others back.
  if (isOver) await wakeNext(transaction, name, now)
  const place: Place = { position: ahead + 1, ticket: waiter?.ticket ?? 0, ticket_expires_in_ms: TICKET_MS }
  return {
    isTurn: ahead === 0 && freeInMs === 0,
    // Not its turn although the lane is free: the one before it takes it now, or is found dead at the next look.
    freeInMs: freeInMs === 0 ? LOOK_EVERY_MS : freeInMs,
    remainingMs: endsAt - now,
    place,
  }
}

/** Follows who waits for whom from `start`; the way back to it, if there is one, never ends by itself. */
async function findCycle(transaction: Transaction, start: Holder, now: number): Promise<WaitStep[] | undefined> {
  const seen = new Set<string>()
  const follow = async (from: Holder, path: readonly WaitStep[]): Promise<WaitStep[] | undefined> => {
    for (const { lane, owner, session } of await selectWaitsOf(transaction, from, now)) {
      const steps = [...path, { owner: from.owner, lane, held_by: owner }]
      if (owner === start.owner && (session ?? undefined) === start.session) return steps
      const key = JSON.stringify([owner, session])
      if (seen.has(key)) continue
      seen.add(key)
      const cycle = await follow({ owner, session: session ?? undefined }, steps)
      if (cycle) return cycle
    }
    return undefined
  }
  return follow(start, [])
}

/** A refusal that time resolves; everything else goes on as it is. */
function toBusyError(error: unknown): AppError {
  if (error instanceof AppError && error.kind === 'busy') return error
  throw error
}
