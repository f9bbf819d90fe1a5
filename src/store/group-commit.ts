import type { OnOutage, Outage, Sql, Transaction } from '../core/database.ts'
import { commonError } from '../core/errors.ts'
import type { WakeUps } from './wake-ups.ts'

/** Bounds how long one commit keeps readers and sockets waiting. */
const MAX_BATCH = 512

type Body<T> = (transaction: Transaction) => Promise<T>

/** A transaction, but for who is told of it and what it may remember: that is for all engines the same. */
export type Statements = Omit<Transaction, 'notify' | 'memory'>

/** An outage that nobody has seen to yet. It stands until `settle`, for what it calls for may fail. */
export interface EndedOutage {
  readonly outage: Outage
  readonly settle: () => void
}

/** The connection that an engine writes on: one transaction at a time. */
export interface Writer {
  readonly statements: Statements
  /** Whether other processes write between two transactions. */
  readonly isShared: boolean
  /** Opens a transaction in which there is no other writer, and tells of an outage that has ended. */
  begin(): Promise<EndedOutage | undefined>
  savepoint(): Promise<void>
  /** Takes back what came after the savepoint; rejects when the whole transaction is gone. */
  undo(): Promise<void>
  release(): Promise<void>
  /** Keeps the moment of the batch in it, after the bodies. */
  seal(channels: ReadonlySet<string>): Promise<void>
  /** Makes it durable. */
  commit(): Promise<void>
  /** Ends a transaction that failed, also when it has ended already. */
  rollBack(): Promise<void>
  /** What a caller may be told of an error before the commit, and in it; the error itself when it is a fault of ours. */
  toStoreError(error: unknown): unknown
  toCommitError(error: unknown): unknown
}

interface Job {
  /** Runs inside the open transaction, and keeps the answer for `settle`. */
  readonly run: (transaction: Transaction) => Promise<void>
  /** Tells the caller, once what happened is durable. */
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

export interface GroupCommit {
  write<T>(body: Body<T>): Promise<T>
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
export function createGroupCommit(writer: Writer, wakeUps: WakeUps, onOutage: OnOutage): GroupCommit {
  const turns = createTurns(writer, wakeUps, onOutage)
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
    write: (body) =>
      new Promise((resolve, reject) => {
        if (isEnded) return reject(commonError('store_unavailable', 'nothing was changed: the bus is stopping'))
        queue.push(createJob(body, resolve, reject))
        running ??= runQueue()
      }),
    drain,
    end: () => {
      isEnded = true
      return drain()
    },
  }
}

function createJob<T>(body: Body<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Job {
  let settle = () => {}
  return {
    run: async (transaction) => {
      const value = await body(transaction)
      settle = () => resolve(value)
    },
    settle: () => settle(),
    reject,
  }
}

/** What the jobs of a turn share: one transaction, which they have one after another. */
function createTurns(writer: Writer, wakeUps: WakeUps, onOutage: OnOutage) {
  const { statements } = writer
  /** Whom the job that runs wants to be told, and its statements that failed. */
  const channels = new Set<string>()
  const failures: unknown[] = []
  let memory = {}
  const watch = <T>(result: Promise<T>) => {
    result.catch((error: unknown) => failures.push(error))
    return result
  }
  const transaction: Transaction = {
    engine: statements.engine,
    get memory() {
      return memory
    },
    all: <Row extends object>(statement: Sql) => watch(statements.all<Row>(statement)),
    run: (statement) => watch(statements.run(statement)),
    now: statements.now,
    notify: (channel) => channels.add(channel),
  }

  /** Resolves with what to tell the caller after the commit. */
  const runJob = async ({ run, settle, reject }: Job, told: Set<string>) => {
    await writer.savepoint()
    channels.clear()
    failures.length = 0
    let outcome = settle
    try {
      await run(transaction)
      // PostgreSQL goes on with nothing after a statement that failed, so no body may, on either engine.
      if (failures.length > 0) throw failures[0]
      for (const channel of channels) told.add(channel)
    } catch (error) {
      memory = {}
      await undoJob(writer, error)
      outcome = () => reject(writer.toStoreError(error))
    }
    await writer.release()
    return outcome
  }

  const runBatch = async (batch: readonly Job[]) => {
    if (writer.isShared) memory = {}
    const told = new Set<string>()
    const outcomes: (() => void)[] = []
    const ended = await writer.begin()
    if (ended) {
      channels.clear()
      await onOutage(transaction, ended.outage)
      for (const channel of channels) told.add(channel)
    }
    for (const job of batch) outcomes.push(await runJob(job, told))
    await writer.seal(told)
    return { ended, told, outcomes }
  }

  const giveUp = async (batch: readonly Job[], error: unknown) => {
    memory = {}
    await writer.rollBack()
    for (const { reject } of batch) reject(error)
  }

  return {
    /** Runs and commits them together, and tells each what came of it. */
    commit: async (batch: readonly Job[]): Promise<void> => {
      let done: Awaited<ReturnType<typeof runBatch>>
      try {
        done = await runBatch(batch)
      } catch (error) {
        return giveUp(batch, writer.toStoreError(error))
      }
      try {
        await writer.commit()
      } catch (error) {
        return giveUp(batch, writer.toCommitError(error))
      }
      done.ended?.settle()
      for (const tell of done.outcomes) tell()
      wakeUps.notify(done.told)
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
