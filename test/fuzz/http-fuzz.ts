import { Agent } from 'node:http'
import fc from 'fast-check'
import type { FuzzedApi, FuzzedOperation } from './document.ts'
import { casesOf, type HttpCase, sequencesOf } from './http-cases.ts'
import { judge } from './http-judge.ts'
import { sendCase } from './http-sender.ts'
import type { Known } from './values.ts'

export interface HttpFuzz {
  readonly origin: string
  readonly api: FuzzedApi
  readonly seed: number
}

/** How often each status came; `gone` and `closed` where there was none. */
export type Tally = Map<string, number>

export interface FuzzResult {
  readonly tally: Tally
  /** The shortest counterexample with its seed; undefined when there is none. */
  readonly failure: string | undefined
}

/** Names that are few, so that requests meet what others left. */
const standard: Known = {
  lane: ['feeds', 'own', 'a:b'],
  owner: ['ann', 'ann', 'ann', 'bob'],
  sender: ['ann', 'bob'],
  recipient: ['ann', 'bob'],
  topic: ['converge', 'é'],
  session: ['s1'],
  id: [1, 2, 3, 4, 5],
  thread_id: [1, 2],
  fence: [1, 2, 3],
  since_id: [0, 1],
  before_id: [3, 10],
  before_rev: [1, 2],
  search: ['merged', '"lane merged"', 'mer*'],
  after: ['a', 'feeds'],
  lease_s: [1, 60],
}

/** Lanes of their own for each operation, so that none finds them all as another left them. */
function knownTo(operation: FuzzedOperation): Known {
  return { ...standard, lane: ['a', 'b', 'c:d', 'e', 'f', 'g', 'h'].map((name) => `${operation.id}.${name}`) }
}

/** Puts something there for the first requests to meet. */
async function settle(origin: string, known: Known): Promise<void> {
  const post = (path: string, body: object) =>
    fetch(`${origin}/api/bus${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  for (const id of known.id ?? []) {
    await post('/message', { topic: 'converge', sender: 'ann', body: `lane merged ${id}`, action_flag: true })
  }
  for (const lane of known.lane ?? []) await post(`/lanes/${lane}/claim`, { owner: 'ann' })
}

/** Sends random requests to one operation, and shrinks the first that is not answered as documented. */
export async function fuzzOperation(fuzz: HttpFuzz, operation: FuzzedOperation, cases: number): Promise<FuzzResult> {
  const known = knownTo(operation)
  await settle(fuzz.origin, known)
  const tally: Tally = new Map()
  const agent = new Agent({ keepAlive: true })
  const property = fc.asyncProperty(casesOf(operation, known), (one) =>
    expectAnswer(fuzz, operation, one, agent, tally),
  )
  const result = await fc.check(property, { numRuns: cases, seed: fuzz.seed })
  agent.destroy()
  return { tally, failure: describeFailure(result) }
}

/** The same for random sequences of requests to all of them. */
export async function fuzzSequences(fuzz: HttpFuzz, cases: number): Promise<FuzzResult> {
  await settle(fuzz.origin, standard)
  const tally: Tally = new Map()
  const agent = new Agent({ keepAlive: true })
  const byId = new Map(fuzz.api.operations.map((operation) => [operation.id, operation]))
  const property = fc.asyncProperty(sequencesOf(fuzz.api.operations, standard), async (steps) => {
    for (const { id, request } of steps) {
      const operation = byId.get(id)
      if (operation) await expectAnswer(fuzz, operation, request, agent, tally)
    }
  })
  const result = await fc.check(property, { numRuns: cases, seed: fuzz.seed })
  agent.destroy()
  return { tally, failure: describeFailure(result) }
}

async function expectAnswer(
  { origin, api }: HttpFuzz,
  operation: FuzzedOperation,
  one: HttpCase,
  agent: Agent,
  tally: Tally,
): Promise<void> {
  const outcome = await sendCase(origin, one, agent)
  const kind = typeof outcome === 'string' ? outcome : String(outcome.status)
  tally.set(kind, (tally.get(kind) ?? 0) + 1)
  const faults = judge(api, operation, one, outcome)
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** The seed and the shortest counterexample, with what is wrong with it. */
function describeFailure<T>(result: fc.RunDetails<T>): string | undefined {
  return result.failed ? `${fc.defaultReportMessage(result)}\n${result.errorInstance}` : undefined
}

/** How many came of the statuses from `from` to below `until`. */
export function count(tally: Tally, from: number, until: number): number {
  return [...tally].reduce(
    (sum, [kind, times]) => (Number(kind) >= from && Number(kind) < until ? sum + times : sum),
    0,
  )
}

export function describeTally(tally: Tally): string {
  return [...tally]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([kind, times]) => `${kind} × ${times}`)
    .join(', ')
}

/** Adds what one run counted to what others did. */
export function addTally(to: Tally, from: Tally): void {
  for (const [kind, times] of from) to.set(kind, (to.get(kind) ?? 0) + times)
}
