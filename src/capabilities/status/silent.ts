import type { Reader } from '../../core/database.ts'
import { selectTenuresSince } from '../lanes/index.ts'
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

/** The silent lanes, the one that is silent for the longest time at the top. */
export async function findSilentLanes(reader: Reader, now: number): Promise<SilentLane[]> {
  const silentUntil = now - SILENCE_MS
  const tenures = await selectTenuresSince(reader, silentUntil, now, LOOK_AT)
  const lastPosts = await selectLastPosts(reader, [...new Set(tenures.map(({ owner }) => owner))])
  return tenures
    .map(({ name, owner, claimed_at }) => {
      const lastPostAt = lastPosts.get(owner)
      return { name, lastPostAt, since: Math.max(claimed_at, lastPostAt ?? 0) }
    })
    .filter(({ since }) => since <= silentUntil)
    .sort((one, other) => one.since - other.since)
}
