import { type Entry, isChange } from './history.ts'
import {
  describeCommand,
  describeModel,
  findToldMoment,
  identify,
  listEarliest,
  listExtremes,
  type Model,
  START,
  take,
} from './linearizability-model.ts'

export type Verdict =
  /** `settled`: commands without an answer that must have happened for the rest to make sense. */
  | { readonly kind: 'ok'; readonly settled: number }
  | { readonly kind: 'illegal'; readonly explanation: string }
  /** Neither an order nor the proof that there is none was found in the time. */
  | { readonly kind: 'undecided'; readonly lane: string }

/** One lane's entries, and what is known of the order before the search. */
interface LaneHistory {
  readonly name: string
  /** With an answer, in the order of their invocations. */
  readonly answered: readonly Entry[]
  readonly unanswered: readonly Entry[]
  /** The moment of each rev, where an answer shows the lane so. */
  readonly renewedAt: ReadonlyMap<number, number>
  readonly claimedAt: ReadonlyMap<number, number>
  /** The revs of those changes that were answered: no unanswered command made them. */
  readonly answeredRevs: ReadonlySet<number>
  readonly lastRev: number
  /** The first moment that is known, from which people count. */
  readonly origin: number
}

/** A beginning of an order: some entries have happened, one after another, and led to the model. */
interface Position {
  readonly model: Model
  /** All answered entries before this index have happened, and of those after it the ones in `ahead`. */
  readonly first: number
  readonly ahead: readonly number[]
  /** The unanswered entries that have happened. */
  readonly settled: readonly number[]
  readonly from: Position | undefined
  /** What happened last. */
  readonly entry: Entry | undefined
}

/**
 * Searches, for each lane, an order of its commands that explains every answer and in which no command comes before one
 * that had been answered when it was sent (Wing and Gong 1993, with the memory of Lowe 2017). The lanes are independent,
 * so a history is linearizable exactly if each lane's part is (Herlihy and Wing 1990).
 *
 * The sequential rule is `decide`, each of its decisions checked against the rules that do not trust it. An answer tells
 * its place (`rev`) and mostly its moment, so that few orders are left to try.
 */
export function checkHistory(entries: readonly Entry[], limitMs = 60_000): Verdict {
  const deadline = performance.now() + limitMs
  let settled = 0
  for (const [name, group] of groupByLane(entries)) {
    const verdict = checkLane(prepare(name, group), deadline)
    if (verdict.kind !== 'ok') return verdict
    settled += verdict.settled
  }
  return { kind: 'ok', settled }
}

function checkLane(history: LaneHistory, deadline: number): Verdict {
  const start: Position = { model: START, first: 0, ahead: [], settled: [], from: undefined, entry: undefined }
  const seen = new Set<string>()
  const stack = [start]
  let deepest = start
  for (let position = stack.pop(); position; position = stack.pop()) {
    if (position.first === history.answered.length) return { kind: 'ok', settled: position.settled.length }
    if (performance.now() > deadline) return { kind: 'undecided', lane: history.name }
    if (countHappened(position) > countHappened(deepest)) deepest = position
    // The most promising one comes last, and is taken from the stack first.
    for (const next of listNext(history, position).reverse()) {
      const key = identifyPosition(next)
      if (seen.has(key)) continue
      seen.add(key)
      stack.push(next)
    }
  }
  return { kind: 'illegal', explanation: explain(history, deepest) }
}

/** Every position one step further, the most promising first. */
function listNext(history: LaneHistory, position: Position): Position[] {
  const { indexes, firstReturn } = listCandidates(history, position)
  const answered = indexes.flatMap((index) => stepAnswered(history, position, index))
  const unanswered = history.unanswered.flatMap((entry, index) =>
    entry.invokedAt > firstReturn || position.settled.includes(index) ? [] : stepUnanswered(history, position, index),
  )
  return [...answered, ...unanswered]
}

/** The answered entries that may be next: those that were sent before the first answer to one that has not happened yet. */
function listCandidates({ answered }: LaneHistory, { first, ahead }: Position) {
  const indexes: number[] = []
  let firstReturn = Number.POSITIVE_INFINITY
  for (let index = first; index < answered.length; index += 1) {
    const entry = answered[index]
    if (!entry || entry.invokedAt > firstReturn) break
    if (ahead.includes(index)) continue
    firstReturn = Math.min(firstReturn, entry.returnedAt)
    indexes.push(index)
  }
  const placeOf = (index: number) => answered[index]?.answer?.lane.rev ?? 0
  const momentOf = (index: number) => answered[index]?.answer && findToldMoment(answered[index].answer)
  indexes.sort((a, b) => placeOf(a) - placeOf(b) || (momentOf(a) ?? 0) - (momentOf(b) ?? 0))
  return { indexes, firstReturn }
}

function stepAnswered(history: LaneHistory, position: Position, index: number): Position[] {
  const entry = history.answered[index]
  if (!entry) return []
  for (const moment of listMoments(entry, position.model)) {
    const step = take(position.model, entry, moment)
    if (!step.fits) continue
    const { first, ahead } = advance(position, index)
    return [{ ...position, model: step.model, first, ahead, from: position, entry }]
  }
  return []
}

/** Unanswered commands that change nothing are as good as those that never happened, and so are changes that nobody saw. */
function stepUnanswered(history: LaneHistory, position: Position, index: number): Position[] {
  const entry = history.unanswered[index]
  const rev = (position.model.lane?.rev ?? 0) + 1
  if (!entry || rev > history.lastRev || history.answeredRevs.has(rev)) return []
  const fence = (position.model.lane?.fence ?? 0) + 1
  const told = history.renewedAt.get(rev)
  const begun = entry.command.kind === 'claim' ? history.claimedAt.get(fence) : undefined
  const moments = told === undefined ? listExtremes(position.model, findLatest(history, rev)) : [told]
  return [...(begun === undefined ? [] : [begun]), ...moments].flatMap((moment) => {
    const step = take(position.model, entry, moment)
    if (!step.fits || step.answer.lane.rev !== rev) return []
    return [
      {
        ...position,
        model: step.model,
        settled: [...position.settled, index].sort((a, b) => a - b),
        from: position,
        entry,
      },
    ]
  })
}

function listMoments(entry: Entry, model: Model): number[] {
  const told = entry.answer && findToldMoment(entry.answer)
  return told === undefined ? listEarliest(model) : [told]
}

/** The first known moment of a later rev: what made `rev` came before it. */
function findLatest({ answered }: LaneHistory, rev: number): number {
  const later = answered.flatMap(({ answer }) => (answer && answer.lane.rev > rev ? answer : []))
  const moments = later.flatMap((answer) => [findToldMoment(answer) ?? [], answer.lane.renewedAt ?? []].flat())
  return Math.min(...moments)
}

function advance({ first, ahead }: Position, index: number): Pick<Position, 'first' | 'ahead'> {
  const happened = [...ahead, index].sort((a, b) => a - b)
  let next = first
  while (happened[next - first] === next) next += 1
  return { first: next, ahead: happened.slice(next - first) }
}

function identifyPosition({ model, first, ahead, settled }: Position): string {
  return `${first}|${ahead}|${settled}|${identify(model)}`
}

function countHappened({ first, ahead }: Position): number {
  return first + ahead.length
}

function groupByLane(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.lane)
    if (group) group.push(entry)
    else groups.set(entry.lane, [entry])
  }
  return groups
}

/** What was granted to one that had gone while it waited is taken back. Whether it was, nobody was told either. */
function withUndo(entry: Entry): Entry[] {
  if (entry.answer || !entry.waitMs) return [entry]
  const { owner, session } = entry.command
  return [entry, { ...entry, command: { kind: 'release', owner, session, fence: undefined } }]
}

function prepare(name: string, entries: readonly Entry[]): LaneHistory {
  const sorted = entries.flatMap(withUndo).sort((a, b) => a.invokedAt - b.invokedAt)
  const answers = sorted.flatMap(({ answer }) => answer ?? [])
  const held = answers.flatMap(({ lane: { rev, fence, renewedAt, claimedAt } }) =>
    renewedAt === null || claimedAt === null ? [] : [{ rev, fence, renewedAt, claimedAt }],
  )
  return {
    name,
    answered: sorted.filter(({ answer }) => answer),
    unanswered: sorted.filter(({ answer }) => !answer),
    renewedAt: new Map(held.map(({ rev, renewedAt }) => [rev, renewedAt])),
    claimedAt: new Map(held.map(({ fence, claimedAt }) => [fence, claimedAt])),
    answeredRevs: new Set(answers.filter(isChange).map(({ lane }) => lane.rev)),
    lastRev: Math.max(0, ...answers.map(({ lane }) => lane.rev)),
    origin: Math.min(...held.map(({ claimedAt }) => claimedAt)),
  }
}

/** What led to the longest beginning of an order that could be found, and why nothing can come next. */
function explain(history: LaneHistory, position: Position): string {
  const { indexes } = listCandidates(history, position)
  const last = position.entry ? `, the last one ${describeCommand(position.entry.command)}` : ''
  const refusals = indexes.flatMap((index) => {
    const entry = history.answered[index]
    if (!entry) return []
    const whys = listMoments(entry, position.model).flatMap((moment) => {
      const step = take(position.model, entry, moment)
      return step.fits ? [] : step.why
    })
    return [`  ${describeCommand(entry.command)}: ${whys[0] ?? 'leads nowhere'}`]
  })
  return [
    `lane '${history.name}': ${countHappened(position)} answers can be put in order${last}.`,
    `It is then ${describeModel(position.model, history.origin)}. None of these can be next:`,
    ...refusals,
  ].join('\n')
}
