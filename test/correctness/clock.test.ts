import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { BusApiError, type BusClient, createBusClient } from '../../src/client/index.ts'
import { createClock } from '../../src/store/clock.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { findIllegal, type LaneEvent, readLaneHistory } from './clock-history.ts'

const ROOT = join(import.meta.dirname, '../..')
const HOLDER = join(import.meta.dirname, 'fixtures', 'hold-lane.ts')
const LANE = 'the-lane'
/** Far longer than any lease here. */
const MAX_WAIT_MS = 10_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows cannot freeze a process)' : ''

/** Claims as soon as the lane can be had, and says how long that took, in ms of real time. */
async function claimWhenFree({ lanes }: BusClient, owner: string, leaseSeconds: number) {
  const startedAt = performance.now()
  while (performance.now() - startedAt < MAX_WAIT_MS) {
    try {
      const answer = await lanes.claim({ lane: LANE, owner, lease_s: leaseSeconds })
      return { ...answer, waitedMs: performance.now() - startedAt }
    } catch (error) {
      if (!(error instanceof BusApiError && error.body.code === 'lane_held')) throw error
      await sleep(Math.min(20, error.body.retry_after_ms ?? 20))
    }
  }
  throw new Error(`the lane was not free after ${MAX_WAIT_MS} ms`)
}

async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  const error: unknown = await call.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  return error instanceof BusApiError ? error.body.code : error
}

/** A process that holds the lane as long as it can; killed after the test. */
async function startHolder(apiUrl: string, leaseSeconds: number) {
  const args = ['--import', 'tsx', HOLDER, apiUrl, LANE, 'holder', String(leaseSeconds)]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    if (child.kill('SIGKILL')) await closed
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null')
  expect(await next()).toEqual({ event: 'claim', fence: 1 })
  return { child, next }
}

describe('a holder that is frozen for longer than its lease', () => {
  it.skipIf(isWindows)(`is refused when it wakes, for another has the lane by then${whyNot}`, async () => {
    const leaseSeconds = 2
    const { client, apiUrl } = await startTestBus()
    const holder = await startHolder(apiUrl, leaseSeconds)
    expect(await holder.next()).toEqual({ event: 'heartbeat', fence: 1 })
    holder.child.kill('SIGSTOP')

    const taken = await claimWhenFree(client, 'other', 60)
    expect(taken).toMatchObject({ decision: 'steal', stolen_from: 'holder', lane: { fence: 2 } })
    holder.child.kill('SIGCONT')
    let outcome: unknown
    // What it had heard before it was frozen comes first.
    do outcome = await holder.next()
    while (JSON.stringify(outcome).includes('heartbeat'))
    expect(outcome).toEqual({ event: 'refused', code: 'lease_lost' })

    const events = await readLaneHistory(client, LANE)
    console.log(
      `frozen holder: ${events.length} events, taken over after ${Math.round(taken.waitedMs)} ms of a ${leaseSeconds} s lease`,
    )
    expect(findIllegal(events)).toEqual([])
    expect(events.at(-1)).toMatchObject({ event: 'steal', owner: 'other', fence: 2 })
  })
})

describe('a bus that is frozen for longer than a lease', () => {
  it.skipIf(isWindows)(
    `counts that time: the holder is refused, and one of those who waited is let in${whyNot}`,
    async () => {
      const bus = await startBusProcess([
        '--port',
        '0',
        '--database-url',
        `sqlite:${join(createTempFolder(), 'bus.db')}`,
      ])
      const holder = createBusClient({ baseUrl: bus.apiUrl })
      const { lane } = await holder.lanes.claim({ lane: LANE, owner: 'holder', lease_s: 1 })
      bus.child.kill('SIGSTOP')
      const rivals = ['a', 'b', 'c'].map((owner) =>
        createBusClient({ baseUrl: bus.apiUrl }).lanes.claim({ lane: LANE, owner }),
      )
      const settled = Promise.allSettled(rivals)
      // The lease must end while nothing can say so.
      await sleep(1_500)
      bus.child.kill('SIGCONT')
      const outcomes = await settled
      const refusal = await refusalOf(holder.lanes.heartbeat({ lane: LANE, owner: 'holder', fence: lane.fence }))

      const events = await readLaneHistory(holder, LANE)
      console.log(
        `frozen bus: ${events.length} events, ${outcomes.filter(({ status }) => status === 'fulfilled').length} of 3 let in`,
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toMatchObject([
        { value: { decision: 'steal', lane: { fence: 2 } } },
      ])
      expect(refusal).toBe('lease_lost')
      expect(findIllegal(events)).toEqual([])
    },
  )
})

describe('the machine’s clock', () => {
  const NOON = 1_900_000_000_000
  const LEASE_MS = 1_500
  /** The fake moment stands still but for its steps; the monotonic clock is the real one. */
  const setMachineClock = (moment: number) => vi.setSystemTime(moment)

  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([
    ['forward an hour', HOUR],
    ['back an hour', -HOUR],
    ['forward a day', DAY],
    ['back a day', -DAY],
  ])('neither ends a lease early nor prolongs it when it is set %s', async (_, step) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const { client } = await startTestBus({ minLeaseMs: 1, createClock })
    const claimedAt = performance.now()
    const { lane } = await client.lanes.claim({ lane: LANE, owner: 'holder', lease_s: LEASE_MS / 1_000 })
    setMachineClock(NOON + step)
    expect(await refusalOf(client.lanes.claim({ lane: LANE, owner: 'other' }))).toBe('lane_held')
    const taken = await claimWhenFree(client, 'other', 60)
    const lastedMs = performance.now() - claimedAt
    setMachineClock(NOON)
    expect(await refusalOf(client.lanes.heartbeat({ lane: LANE, owner: 'holder', fence: lane.fence }))).toBe(
      'lease_lost',
    )

    const events = await readLaneHistory(client, LANE)
    console.log(
      `clock step of ${step / HOUR} h: a lease of ${LEASE_MS} ms was taken over after ${Math.round(lastedMs)} ms`,
    )
    // Whole milliseconds are told, so one may be missing.
    expect(lastedMs).toBeGreaterThanOrEqual(LEASE_MS - 1)
    expect(taken).toMatchObject({ decision: 'steal', lane: { fence: 2 } })
    expect(findIllegal(events)).toEqual([])
  })

  it('costs no holder its credit when it is set while the bus is down, and never runs back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const databasePlace = join(createTempFolder(), 'bus.db')
    const steps = [0, -DAY, DAY, -HOUR, HOUR, 0]
    let events: LaneEvent[] = []
    for (const [round, step] of steps.entries()) {
      setMachineClock(NOON + step)
      const bus = await startTestBus({ databasePlace, minLeaseMs: 1, createClock })
      await claimWhenFree(bus.client, `owner-${round}`, LEASE_MS / 1_000)
      events = await readLaneHistory(bus.client, LANE)
      await bus.close()
    }
    console.log(`clock set while the bus was down: ${steps.length} starts, ${events.length} events`)
    expect(events.filter(({ event }) => event !== 'credit').map(({ owner }) => owner)).toEqual(
      steps.map((_, round) => `owner-${round}`),
    )
    expect(events.filter(({ event }) => event === 'credit').map(({ owner }) => owner)).toEqual(
      steps.slice(1).map((_, round) => `owner-${round}`),
    )
    expect(findIllegal(events)).toEqual([])
  })
})

describe('the check of a history', () => {
  const event = (
    rev: number,
    owner: string,
    fence: number,
    second: number,
    lease_s: number | null = 10,
    kind: LaneEvent['event'] = 'claim',
  ): LaneEvent => ({
    rev,
    event: kind,
    owner,
    from: null,
    fence,
    at: new Date(second * 1_000).toISOString(),
    lease_s,
    note: null,
    request_id: 'request',
  })

  it.each<[string, LaneEvent[], RegExp | undefined]>([
    [
      'a legal one',
      [event(1, 'a', 1, 0), event(2, 'a', 1, 5), event(3, 'b', 2, 15), event(4, 'b', 2, 16, null)],
      undefined,
    ],
    ['an early steal', [event(1, 'a', 1, 0), event(2, 'b', 2, 9)], /while a held it live/],
    ['a renewal after the end', [event(1, 'a', 1, 0), event(2, 'a', 1, 11)], /that had ended went on/],
    ['a fence that was skipped', [event(1, 'a', 1, 0), event(2, 'b', 3, 11)], /the fence went from 1 to 3/],
    ['a fence used twice', [event(1, 'a', 1, 0), event(2, 'b', 1, 11)], /that had ended went on/],
    ['a credit', [event(1, 'a', 1, 0), event(2, 'a', 1, 90, 10, 'credit'), event(3, 'a', 1, 99)], undefined],
    [
      'a renewal after the credit',
      [event(1, 'a', 1, 0), event(2, 'a', 1, 90, 10, 'credit'), event(3, 'a', 1, 101)],
      /that had ended went on/,
    ],
    [
      'a steal within the credit',
      [event(1, 'a', 1, 0), event(2, 'a', 1, 90, 10, 'credit'), event(3, 'b', 2, 99)],
      /while a held it live/,
    ],
    ['a credit for another', [event(1, 'a', 1, 0), event(2, 'b', 1, 90, 10, 'credit')], /for what nobody held/],
    [
      'a credit without need',
      [event(1, 'a', 1, 0, 300), event(2, 'a', 1, 1, 300, 'credit')],
      /a lease that was longer/,
    ],
    ['time that ran back', [event(1, 'a', 1, 9), event(2, 'a', 1, 8)], /time ran backwards/],
    ['a lost event', [event(1, 'a', 1, 0), event(3, 'a', 1, 1)], /a gap before it/],
  ])('sees %s', (_, events, fault) => {
    const faults = findIllegal(events)
    if (fault) expect(faults.join()).toMatch(fault)
    else expect(faults).toEqual([])
  })
})
