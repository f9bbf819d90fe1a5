import type { Reader } from '../../core/database.ts'
import { findFirstClaimAfter, selectTenuresSince } from '../lanes/index.ts'
import { selectLastPosts } from '../log/index.ts'

/** How long an owner may hold a lane without a word. */
const SILENCE_MS = 10 * 60_000

/** How many held lanes are looked at, the one that expires first at the top, so that a status stays cheap. */
const LOOK_AT = 1_000

/** A lane that is held live, of whose owner nobody has read anything for a while. */
export interface SilentLane {
  readonly name: string
  /** When the owner posted last; undefined when nothing is left of it. */
  readonly lastPostAt: number | undefined
  /** Since when it is silent: since the claim, or since that message. */
  readonly since: number
}

export interface Silence {
  /** The silent lanes, the one that is silent for the longest time at the top. */
  readonly lanes: readonly SilentLane[]
  /** No other lane falls silent before. */
  readonly nextAt: number
}

export async function findSilence(reader: Reader, now: number): Promise<Silence> {
  const silentUntil = now - SILENCE_MS
  const tenures = await selectTenuresSince(reader, silentUntil, now, LOOK_AT)
  const lastPosts = await selectLastPosts(reader, [...new Set(tenures.map(({ owner }) => owner))])
  const all = tenures.map(({ name, owner, claimed_at }) => {
    const lastPostAt = lastPosts.get(owner)
    return { name, lastPostAt, since: Math.max(claimed_at, lastPostAt ?? 0) }
  })
  const later = [
    ...all.map(({ since }) => since).filter((since) => since > silentUntil),
    (await findFirstClaimAfter(reader, silentUntil, now, LOOK_AT)) ?? Number.POSITIVE_INFINITY,
  ]
  return {
    lanes: all.filter(({ since }) => since <= silentUntil).sort((one, other) => one.since - other.since),
    nextAt: Math.min(...later) + SILENCE_MS,
  }
}
