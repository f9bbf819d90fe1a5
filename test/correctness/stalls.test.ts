import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { startBusProcess } from '../support/process.ts'
import { findIllegal, readLaneHistory } from './clock-history.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'
import { plantFault } from './faulty-process.ts'

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows has no signals for it)' : ''

/** Longer than the short lease, and shorter than an outage. */
const STALL_MS = 3_000

describe.skipIf(isWindows)(`a bus whose event loop stands still for seconds${whyNot}`, () => {
  it.each(['blocked', 'stopped'] as const)(
    'answers everybody afterwards, takes no lane from whoever holds it, and says how long it was: %s',
    async (how) => {
      const bus = await startBusProcess(
        ['--port', '0', '--database-url', 'sqlite::memory:'],
        plantFault('block', STALL_MS),
      )
      const client = createBusClient({ baseUrl: bus.apiUrl })
      const ledger = createLedger()
      const load = startLoad({ apiUrl: bus.apiUrl, ledger, label: how })
      const long = await client.lanes.claim({ lane: 'long', owner: 'holder', lease_s: 60 })
      const short = await client.lanes.claim({ lane: 'short', owner: 'holder', lease_s: 2 })
      await load.progress(100)
      const before = countAcknowledged(ledger)
      const stalledAt = performance.now()
      if (how === 'blocked') bus.child.kill('SIGUSR2')
      else bus.child.kill('SIGSTOP')
      await sleep(200)
      const rivals = Promise.allSettled(
        ['long', 'short'].flatMap((lane) => ['a', 'b', 'c'].map((owner) => client.lanes.claim({ lane, owner }))),
      )
      if (how === 'stopped') await sleep(STALL_MS).then(() => bus.child.kill('SIGCONT'))
      const outcomes = await rivals
      const answeredAfterMs = performance.now() - stalledAt
      await client.lanes.heartbeat({ lane: 'long', owner: 'holder', fence: long.lane.fence })
      await load.progress(100)
      load.stop()
      await load.ended

      // Each got an answer: of the lane whose lease is over, one the lane, with the next fence.
      const held = { status: 'rejected', reason: { body: { code: 'lane_held' } } }
      expect(outcomes.slice(0, 3)).toMatchObject([held, held, held])
      const winners = outcomes.slice(3).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(winners.map(({ lane }) => lane.fence)).toEqual([short.lane.fence + 1])
      expect(outcomes.slice(3).filter(({ status }) => status === 'rejected')).toMatchObject([held, held])
      for (const lane of ['long', 'short']) expect(findIllegal(await readLaneHistory(client, lane))).toEqual([])
      expect(await findLost(client, ledger)).toEqual([])

      const lines = bus
        .stderr()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      const told = lines.filter(
        ({ event, blocked_ms }) => event === 'event loop blocked' && blocked_ms > STALL_MS - 500,
      )
      console.log(
        `event loop ${how}: told as ${told[0]?.blocked_ms} ms, ${outcomes.length} waiting callers answered after ${Math.round(answeredAfterMs)} ms, ${before} acknowledged writes before and ${countAcknowledged(ledger) - before} after`,
      )
      expect(told.length).toBe(1)
    },
    60_000,
  )
})
