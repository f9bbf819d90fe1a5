import type { Output } from '../../../client/index.ts'
import { toEpochMs } from './time.ts'
import { formatCount, formatTimes } from './words.ts'

type Timeline = Output<'lanes.timeline'>
type Tenure = Timeline['tenures'][number]
type Refusal = Timeline['refusals'][number]

/** A tenure as a bar. Places go from 0, where the window begins, to 1, which is now. */
export interface Bar {
  readonly tenure: Tenure
  readonly begin: number
  readonly end: number
  /** From here on its lease was over, and nobody had ended it yet. */
  readonly lapsedFrom: number
}

export interface Mark {
  readonly kind: 'steal' | 'refusal'
  readonly place: number
  /** For people: who, what and when. */
  readonly text: string
}

export interface TimelineRow {
  readonly lane: string
  readonly bars: readonly Bar[]
  readonly marks: readonly Mark[]
}

/** One row for each lane of which there is anything to tell, by name. */
export function toRows(
  { from, until, tenures, refusals }: Timeline,
  formatTime: (ms: number) => string,
): TimelineRow[] {
  const begin = toEpochMs(from)
  const width = Math.max(1, toEpochMs(until) - begin)
  const toPlace = (moment: string) => Math.min(1, Math.max(0, (toEpochMs(moment) - begin) / width))
  const names = new Set([...tenures, ...refusals].map(({ lane }) => lane))
  const tenuresOf = groupByLane(tenures)
  const refusalsOf = groupByLane(refusals)
  return [...names].sort().map((lane) => {
    const own = tenuresOf.get(lane) ?? []
    return {
      lane,
      bars: own.map((tenure) => toBar(tenure, toPlace)),
      marks: [
        ...own.flatMap((tenure) => toSteal(tenure, toPlace, formatTime)),
        ...(refusalsOf.get(lane) ?? []).map((refusal) => toRefusal(refusal, toPlace, formatTime)),
      ],
    }
  })
}

function groupByLane<T extends { readonly lane: string }>(entries: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) {
    const group = groups.get(entry.lane)
    if (group) group.push(entry)
    else groups.set(entry.lane, [entry])
  }
  return groups
}

function toBar(tenure: Tenure, toPlace: (moment: string) => number): Bar {
  const begin = tenure.began_at === null ? 0 : toPlace(tenure.began_at)
  const end = tenure.ended_at === null ? 1 : toPlace(tenure.ended_at)
  const lapsed = tenure.lease_ends_at === null ? end : toPlace(tenure.lease_ends_at)
  return { tenure, begin, end, lapsedFrom: Math.min(end, Math.max(begin, lapsed)) }
}

function toSteal(
  { owner, began_at, stolen_from }: Tenure,
  toPlace: (moment: string) => number,
  formatTime: (ms: number) => string,
): Mark[] {
  if (stolen_from === null || began_at === null) return []
  const text = `${owner} took it over from ${stolen_from} at ${formatTime(toEpochMs(began_at))}`
  return [{ kind: 'steal', place: toPlace(began_at), text }]
}

function toRefusal(
  { owner, held_by, code, count, last_at }: Refusal,
  toPlace: (moment: string) => number,
  formatTime: (ms: number) => string,
): Mark {
  const holder = held_by === null ? '' : ` while ${held_by} held it`
  const text = `${owner} was refused${holder} (${code})${formatTimes(count)}, last at ${formatTime(toEpochMs(last_at))}`
  return { kind: 'refusal', place: toPlace(last_at), text }
}

/** For people: whose tenure it was, and from when to when. */
export function describeTenure(
  { owner, fence, began_at, ended_at, end, renewals, note }: Tenure,
  formatTime: (ms: number) => string,
): string {
  const since = began_at === null ? 'before this' : formatTime(toEpochMs(began_at))
  const until = ended_at === null ? 'now' : `${formatTime(toEpochMs(ended_at))} (${end})`
  const renewed = renewals === 0 ? '' : `, renewed ${formatCount(renewals, 'time')}`
  return `${owner}, fence ${fence}: ${since} to ${until}${renewed}${note === null ? '' : ` – ${note}`}`
}
