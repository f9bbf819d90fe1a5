import type { BusClient } from './client.ts'
import { BusApiError } from './errors.ts'

/** A lane that this program holds. */
export interface HeldLane {
  readonly lane: string
  readonly owner: string
  readonly session?: string | undefined
  /** The number of the tenure; undefined from a bus that numbers none. */
  readonly fence: number | undefined
  /** As granted, which may be less than was asked for. */
  readonly leaseSeconds: number
  /** When the claim was sent, in milliseconds of `performance.now()`. No lease began before. */
  readonly askedAt: number
}

type Fields = Readonly<Record<string, unknown>>

/**
 * What a claim that was granted gave.
 *
 * @param input As it was sent.
 * @param answer Of this bus, or of one before it, whose lanes have fewer fields.
 * @param askedAt When it was sent, in milliseconds of `performance.now()`.
 */
export function toHeldLane(input: Fields, answer: Fields, askedAt: number): HeldLane {
  const { lane, owner, session } = input
  const leaseSeconds = Number(answer.lease_s ?? input.lease_s)
  return {
    lane: String(lane),
    owner: String(owner),
    session: typeof session === 'string' ? session : undefined,
    fence: readFence(answer.lane),
    // Of one that nobody knows nobody can be sure.
    leaseSeconds: Number.isFinite(leaseSeconds) ? leaseSeconds : 0,
    askedAt,
  }
}

/** How soon a bus that is away is asked again. */
const ASK_AGAIN_MS = 1_000

/** A timer that is longer than this ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Keeps a lane alive: renews its lease at a third of it, counted from when the last renewal was sent. A bus that is away
 * is asked again for as long as the lane is surely ours.
 *
 * @param onLost Is called once, when the bus says that the lane is another's, or when nobody can be sure any more that it
 *   is not; the renewing has ended then.
 * @returns Ends the renewing. The lane stays held until its lease lapses or {@link releaseLane}.
 */
export function keepLane(client: BusClient, held: HeldLane, onLost: (reason: string) => void): () => void {
  const { lane, owner, session, fence, leaseSeconds } = held
  const leaseMs = leaseSeconds * 1000
  const everyMs = leaseMs / 3
  let trustedUntil = toTrustedUntil(held.askedAt, leaseMs)
  let isStopped = false
  let asking = new AbortController()
  /** For the next renewal, or for the end of our patience with the present one. */
  let timer: ReturnType<typeof setTimeout>
  const wakeAt = (moment: number, wake: () => void) => {
    clearTimeout(timer)
    timer = setTimeout(wake, toTimer(moment - performance.now()))
  }

  const renew = async () => {
    const askedAt = performance.now()
    asking = new AbortController()
    const { signal } = asking
    // Whoever waited longer for a bus that hangs would believe for too long that the lane is theirs.
    wakeAt(Math.max(trustedUntil, askedAt + everyMs), () => asking.abort())
    try {
      await client.lanes.heartbeat({ lane, owner, session, fence, lease_s: leaseSeconds }, { signal })
      if (isStopped) return
      trustedUntil = toTrustedUntil(askedAt, leaseMs)
      wakeAt(askedAt + everyMs, renewSoon)
    } catch (error) {
      if (isStopped) return
      const now = performance.now()
      if (!isRefusal(error) && now < trustedUntil) return wakeAt(Math.min(now + ASK_AGAIN_MS, trustedUntil), renewSoon)
      const reason = signal.aborted ? 'the bus did not answer in time' : toText(error)
      stop()
      onLost(reason)
    }
  }
  const renewSoon = () => void renew()
  const stop = () => {
    isStopped = true
    clearTimeout(timer)
    asking.abort()
  }

  wakeAt(held.askedAt + everyMs, renewSoon)
  return stop
}

/**
 * Releases a lane that this program holds; a newer tenure of it stays as it is.
 *
 * @throws {BusUnreachable} Then its lease will lapse.
 * @throws {BusApiError}
 */
export async function releaseLane(client: BusClient, held: HeldLane, signal?: AbortSignal): Promise<void> {
  const { lane, owner, session, fence } = held
  await client.lanes.release({ lane, owner, session, fence }, signal ? { signal } : {})
}

/** The lease less what a slow clock may cost: a tenth, and no less than a second. */
function toTrustedUntil(askedAt: number, leaseMs: number): number {
  return askedAt + leaseMs - Math.max(1000, leaseMs / 10)
}

/** Only a conflict says that the lane is not ours: a bus with a full disk refuses, too. */
function isRefusal(error: unknown): boolean {
  return error instanceof BusApiError && error.statusCode === 409
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function readFence(lane: unknown): number | undefined {
  const hasFence = typeof lane === 'object' && lane !== null && 'fence' in lane
  return hasFence && typeof lane.fence === 'number' ? lane.fence : undefined
}

function toTimer(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMER_MS)
}
