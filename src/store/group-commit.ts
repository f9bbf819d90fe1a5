import type { OnOutage, Outage, Transaction } from '../core/database.ts'
import { commonError } from '../core/errors.ts'
import type { Foreseen } from '../core/lookup.ts'
import { type Body, createBodies, type Done, type Hook, type SharedStatements } from './bodies.ts'
import type { WakeUps } from './wake-ups.ts'

/** Bounds how long one commit keeps those waiting who came just after it had begun. */
const MAX_BATCH = 512

/** After so long, in milliseconds, sockets and readers have a turn: else they would wait for a whole batch. */
const SLICE_MS = 0.25

/** An outage that nobody has seen to yet. It stands until `settle`, for what it calls for may fail. */
export interface EndedOutage {
  readonly outage: Outage
  readonly settle: () => void
}

/** The connection that an engine writes on: one transaction at a time. */
export interface Writer {
  readonly statements: SharedStatements
  /** Whether another process wrote between this transaction and the one before. */
  hasOthersWork(): boolean
  /**
   * Opens a transaction in which there is no other writer, and tells of an outage that has ended.
   *
   * @param foreseen What its bodies will look up.
   */
  begin(foreseen: readonly Foreseen[]): Promise<EndedOutage | undefined>
  savepoint(): Promise<void>
  /** Takes back what came after the savepoint; rejects when the whole transaction is gone. */
  undo(): Promise<void>
  release(): Promise<void>
  /** Keeps the moment of the batch in it, after the bodies. */
  seal(channels: ReadonlySet<string>): Promise<void>
  /** Makes it durable; `tell` is run before anybody reads it, where what is committed may be remembered. */
  commit(tell: Hook): Promise<void>
  /** Ends a transaction that failed, also when it has ended already. */
  rollBack(): Promise<void>
  /** What a caller may be told of an error before the commit, and in it; the error itself when it is a fault of ours. */
  toStoreError(error: unknown): unknown
  toCommitError(error: unknown): unknown
}

interface Job {
  /** Runs inside the open transaction, and keeps the answer for `settle`. */
  readonly run: (transaction: Transaction) => Promise<void>
  readonly foreseen: Foreseen | undefined
  /** Tells the caller, once what happened is durable. */
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/** @param writes How many shared the commit. @param seconds How long it took, from the first of their bodies to the sync. */
export type OnCommit = (writes: number, seconds: number) => void

export interface GroupCommit {
  write<T>(body: Body<T>, foreseen?: Foreseen): Promise<T>
  /** Resolves when everything accepted so far is settled. */
  drain(): Promise<void>
  /** The same, and accepts nothing more. */
  end(): Promise<void>
}

/**
 * Lets writes that arrive together share one commit, and so one fsync: one costs 140 to 240 µs, whatever it carries.
 *
 * Bodies run one after another, each inside a savepoint, so that one that fails takes only its own statements back.
 * Nobody is answered before the commit.
 *
 * @param onOutage Runs before the bodies when the writer tells of an outage; while it fails, no body runs.
 */
export function createGroupCommit(
  writer: Writer,
  wakeUps: WakeUps,
  onOutage: OnOutage,
  onCommit: OnCommit = () => {},
): GroupCommit {
  const turns = createTurns(writer, wakeUps, onOutage, onCommit)
  let queue: Job[] = []
  let running: Promise<void> | undefined
  let isEnded = false

  const runQueue = async () => {
    // Whatever sockets have delivered by now is read before the turn ends, and so joins this batch.
    await nextTurn()
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH)
      queue = queue.slice(MAX_BATCH)
      await turns.commit(batch)
      if (queue.length > 0) await nextTurn()
    }
    running = undefined
  }
  const drain = async () => {
    while (running !== undefined) await running
  }

  return {
    write: (body, foreseen) =>
      new Promise((resolve, reject) => {
        if (isEnded) return reject(commonError('store_unavailable', 'nothing was changed: the bus is stopping'))
        queue.push(createJob(body, foreseen, resolve, reject))
        running ??= runQueue()
      }),
    drain,
    end: () => {
      isEnded = true
      return drain()
    },
  }
}

function createJob<T>(
  body: Body<T>,
  foreseen: Foreseen | undefined,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Job {
  let settle = () => {}
  return {
    run: async (transaction) => {
      const value = await body(transaction)
      settle = () => resolve(value)
    },
    foreseen,
    settle: () => settle(),
    reject,
  }
}

/** Runs the jobs of a turn and commits them together. */
function createTurns(writer: Writer, wakeUps: WakeUps, onOutage: OnOutage, onCommit: OnCommit) {
  const bodies = createBodies(writer.statements)

  /** Resolves with what to tell the caller after the commit. */
  const runJob = async ({ run, settle, reject }: Job, done: Done) => {
    await writer.savepoint()
    let outcome = settle
    try {
      await bodies.run(run, done)
    } catch (error) {
      if (bodies.leftTraces()) {
        bodies.undo()
        await undoJob(writer, error)
      }
      outcome = () => reject(writer.toStoreError(error))
    }
    await writer.release()
    return outcome
  }

  const runBatch = async (batch: readonly Job[]) => {
    const done: Done = { channels: new Set(), hooks: [] }
    const outcomes: (() => void)[] = []
    const ended = await writer.begin(batch.flatMap(({ foreseen }) => foreseen ?? []))
    if (writer.hasOthersWork()) bodies.forget()
    if (ended) await bodies.run((transaction) => onOutage(transaction, ended.outage), done)
    const pause = createPacer()
    for (const job of batch) {
      await pause()
      outcomes.push(await runJob(job, done))
    }
    await writer.seal(done.channels)
    return { ...done, ended, outcomes }
  }

  const giveUp = async (batch: readonly Job[], error: unknown) => {
    bodies.forget()
    await writer.rollBack()
    for (const { reject } of batch) reject(error)
  }

  return {
    /** Tells each what came of it. */
    commit: async (batch: readonly Job[]): Promise<void> => {
      const beganAt = performance.now()
      let done: Awaited<ReturnType<typeof runBatch>>
      try {
        done = await runBatch(batch)
      } catch (error) {
        return giveUp(batch, writer.toStoreError(error))
      }
      const { hooks, ended, outcomes, channels } = done
      try {
        await writer.commit((committed) => {
          for (const hook of hooks) hook(committed)
        })
      } catch (error) {
        return giveUp(batch, writer.toCommitError(error))
      }
      onCommit(batch.length, (performance.now() - beganAt) / 1000)
      ended?.settle()
      for (const tell of outcomes) tell()
      wakeUps.notify(channels)
    },
  }
}

async function undoJob(writer: Writer, cause: unknown): Promise<void> {
  try {
    await writer.undo()
  } catch (error) {
    // The engine has given the whole transaction up, as on a full disk: the batch fails with what caused it. A body's own
    // error did not, and is nobody else's: the connection was lost meanwhile.
    throw writer.toStoreError(cause) === cause ? error : cause
  }
}

/**
 * Lets others have a turn when it is time, and then goes on for a part of the time that they took. Measured: with sixteen
 * readers of remembered pages beside 64 writers, neither then has less than a third of what it has alone.
 */
function createPacer(): () => Promise<void> | undefined {
  let endsAt = performance.now() + SLICE_MS
  const letOthers = async (from: number) => {
    await nextTurn()
    const now = performance.now()
    endsAt = now + Math.max(SLICE_MS, (now - from) / 3)
  }
  return () => {
    const now = performance.now()
    return now < endsAt ? undefined : letOthers(now)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
