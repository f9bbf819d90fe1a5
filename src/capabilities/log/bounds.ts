/** What is left of a sequence: the ids after `floorId`, up to `headId`. */
export interface Bounds {
  /** The newest id; 0 when there never was one. */
  readonly headId: number
  /** Up to here they have been dropped; 0 while none has. */
  readonly floorId: number
}

export interface BoundsRow {
  /** The newest that there is. */
  last_id: number
  floor_id: number
}

/** Where the newest ones have been dropped, too, the floor is the head. */
export function toBounds({ last_id, floor_id }: BoundsRow): Bounds {
  return { headId: Math.max(last_id, floor_id), floorId: floor_id }
}

/** The sequence as a reader learns of it whose cursor is not in it. */
export function describeBounds(sinceId: number, { headId, floorId }: Bounds, epoch: string) {
  const next = sinceId > headId ? {} : { next_since_id: floorId }
  return { ...next, earliest_id: floorId + 1, head_id: headId, epoch }
}

/** @param what As in `message`. */
export function describeExpired(what: string, sinceId: number, { headId, floorId }: Bounds): string {
  if (sinceId > headId) {
    return `the newest ${what} is ${headId}, so since_id ${sinceId} is of another log -- begin again without since_id`
  }
  return `${what}s up to ${floorId} have been dropped, but for flagged ones that still pend -- go on with since_id ${floorId}, and know that there is a gap`
}
