/** A message, as far as readers and writers compare it. */
export interface LogMessage {
  readonly id: number
  readonly topic: string
  readonly sender: string
  readonly action_flag: boolean
  readonly ts: string
}

export interface LogPage {
  readonly messages: readonly LogMessage[]
  readonly next_since_id: number
  readonly head_id: number
}

export interface LogFilter {
  readonly topic?: string
  readonly sender?: string
  readonly flagged?: boolean
}

/** Resolves with undefined when the connection was cut, and nothing came. */
export type ReadPage = (query: LogFilter & { since_id?: number; limit: number }) => Promise<LogPage | undefined>

/** How a reader goes on from page to page. All that it keeps is its mark, so that it may be started again at any time. */
export interface Way<Mark> {
  readonly start: Mark
  ask(mark: Mark): { since_id?: number }
  take(page: LogPage, mark: Mark): { readonly taken: readonly LogMessage[]; readonly mark: Mark }
}

/** The right way. */
export const byCursor: Way<number> = {
  start: 0,
  ask: (since_id) => ({ since_id }),
  take: ({ messages, next_since_id }) => ({ taken: messages, mark: next_since_id }),
}

/** Wrong: takes the newest id of all for the last one that it read. */
export const byHead: Way<number> = {
  start: 0,
  ask: (since_id) => ({ since_id }),
  take: ({ messages, head_id }) => ({ taken: messages, mark: head_id }),
}

/** Wrong: goes by the time, as readers without a cursor do. What comes later in the same millisecond stays unread. */
export const byMoment: Way<string> = {
  start: '',
  ask: () => ({}),
  take: ({ messages }, mark) => {
    const taken = messages.filter(({ ts }) => ts > mark).reverse()
    return { taken, mark: taken.at(-1)?.ts ?? mark }
  },
}

/** One that reads a part of the log, however it does that. */
export interface LogReader {
  readonly filter: LogFilter
  /**
   * Reads until everything is written and nothing newer comes.
   *
   * @param isWritten Whether nothing more will be written.
   * @returns The ids in the order in which they came.
   */
  follow(isWritten: () => boolean): Promise<number[]>
}

/** A reader that asks for page after page, and goes on from its mark. */
export function createPageReader<Mark>(options: Omit<Follow<Mark>, 'isWritten'>): LogReader {
  return { filter: options.filter, follow: (isWritten) => follow({ ...options, isWritten }) }
}

interface Follow<Mark> {
  readonly way: Way<Mark>
  readonly read: ReadPage
  readonly filter: LogFilter
  readonly chooseLimit: () => number
  readonly isWritten: () => boolean
  /** Before asking again when nothing had come. */
  readonly pause: () => Promise<unknown>
}

async function follow<Mark>(options: Follow<Mark>): Promise<number[]> {
  const { way, read, filter, chooseLimit, isWritten, pause } = options
  const seen: number[] = []
  let { start: mark } = way
  while (true) {
    const isLast = isWritten()
    const page = await read({ ...filter, ...way.ask(mark), limit: chooseLimit() })
    if (!page) continue
    const step = way.take(page, mark)
    mark = step.mark
    const newest = seen.at(-1) ?? 0
    for (const { id } of step.taken) seen.push(id)
    if (step.taken.some(({ id }) => id > newest)) continue
    if (isLast) return seen
    await pause()
  }
}

export interface Faults {
  /** Never seen, though it was written. */
  readonly missed: number
  /** Seen again, or though it was none of these. */
  readonly surplus: number
  readonly outOfOrder: number
}

export const FAULTLESS: Faults = { missed: 0, surplus: 0, outOfOrder: 0 }

/** Compares what a reader saw with what was written. */
export function findFaults(seen: readonly number[], written: readonly LogMessage[], filter: LogFilter): Faults {
  const expected = written.filter(
    ({ topic, sender, action_flag }) =>
      (filter.topic ?? topic) === topic &&
      (filter.sender ?? sender) === sender &&
      (filter.flagged ?? action_flag) === action_flag,
  )
  const ids = new Set(seen)
  const known = expected.filter(({ id }) => ids.has(id)).length
  return {
    missed: expected.length - known,
    surplus: seen.length - known,
    outOfOrder: seen.filter((id, index) => id <= (seen[index - 1] ?? 0)).length,
  }
}
