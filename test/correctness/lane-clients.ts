import type { Entry, Outcome } from './history.ts'
import { type Leases, listTwins, type Waits } from './history-commands.ts'
import { recordClient } from './history-over-http.ts'
import { checkHistory } from './linearizability.ts'
import { createRandom, takeSeed } from './random.ts'

const HOLDERS = listTwins(['ann', 'bob', 'cid', 'dan', 'eve', 'fay'])

export const OUTCOMES: readonly Outcome[] = [
  'claim',
  'steal',
  'renew',
  'lapsed',
  'heartbeat',
  'released',
  'already',
  'lane_held',
  'lane_not_held',
  'lease_lost',
]

interface Plan {
  readonly operations: number
  readonly lanes: number
  /** The share of the connections that are cut. */
  readonly cutShare: number
  readonly waits?: Waits
  readonly leases?: Leases
  /** Of one bus, or of several nodes on one database; the clients are spread over them. */
  readonly apiUrls: readonly [string, ...string[]]
  /** Whether buses are stopped meanwhile. */
  readonly isDisturbed?: boolean
}

/** Lets the twelve have the bus to themselves, checks all that they saw, and prints the figures. */
export async function runClients(name: string, plan: Plan) {
  const { operations, lanes, cutShare, waits, leases, apiUrls, isDisturbed = false } = plan
  const seed = takeSeed()
  const startedAt = performance.now()
  const recordings = await Promise.all(
    HOLDERS.map((holder, index) =>
      recordClient({
        apiUrl: apiUrls[index % apiUrls.length] ?? apiUrls[0],
        holder,
        lanes: Array.from({ length: lanes }, (_, lane) => `lane-${lane}`),
        waits,
        leases,
        operations: Math.ceil(operations / HOLDERS.length),
        cutShare,
        isDisturbed,
        random: createRandom(seed + index),
      }),
    ),
  )
  const entries = recordings.flatMap((recording) => recording.entries)
  const deadlocks = recordings.reduce((sum, recording) => sum + recording.deadlocks, 0)
  const refused = recordings.reduce((sum, recording) => sum + recording.refused, 0)
  const checkedAt = performance.now()
  const verdict = checkHistory(entries)
  const endedAt = performance.now()

  const counts = countOutcomes(entries)
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
  const settled = verdict.kind === 'ok' ? verdict.settled : null
  console.log(
    `${name}: ${entries.length} operations in ${seconds(startedAt, checkedAt)} s, ${verdict.kind} in ` +
      `${seconds(checkedAt, endedAt)} s, seed ${seed}, ${JSON.stringify({ ...Object.fromEntries(counts), settled, deadlocks, refused })}`,
  )
  return { entries, verdict, counts, refused }
}

/** By outcome; that of a claim that was willing to wait by its name as well. */
function countOutcomes(entries: readonly Entry[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { answer, waitMs } of entries) {
    const outcome = answer?.outcome ?? 'unknown'
    for (const name of waitMs ? [outcome, `${outcome} with wait`] : [outcome]) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}
