import { onTestFinished } from 'vitest'
import type { BusOptions } from '../../src/app.ts'
import type { BusClient } from '../../src/client/index.ts'
import { startTestBus, type TestBus } from './bus.ts'
import { type BusProcess, startBusProcess } from './process.ts'

/** Three nodes on one database, in this process; stopped after the test. */
export async function startThreeNodes(
  url: string,
  options: Partial<BusOptions> = {},
): Promise<readonly [TestBus, TestBus, TestBus]> {
  const start = () => startTestBus({ databasePlace: url, ...options })
  return [await start(), await start(), await start()]
}

/** The same as processes of their own, killed after the test. */
export async function startThreeProcesses(url: string): Promise<readonly [BusProcess, BusProcess, BusProcess]> {
  const start = () => startBusProcess(['--port', '0', '--database-url', url])
  return Promise.all([start(), start(), start()])
}

/**
 * Has somebody wait for a lane until the test is over, or until what is returned aborts.
 *
 * @param waiters How many wait for it then.
 */
export async function startWaiting(
  client: Pick<BusClient, 'lanes'>,
  lane: string,
  owner: string,
  waiters: number,
  session?: string,
): Promise<AbortController> {
  const gone = new AbortController()
  onTestFinished(() => gone.abort())
  client.lanes.claim({ lane, owner, session, wait_s: 50 }, { signal: gone.signal }).catch(() => 'gone')
  await untilWaiting(client, lane, waiters)
  return gone
}

/** Waits until so many wait for the lane. */
export async function untilWaiting(client: Pick<BusClient, 'lanes'>, lane: string, waiters: number): Promise<void> {
  while ((await client.lanes.get({ lane })).lane.waiters !== waiters) await new Promise((done) => setTimeout(done, 2))
}
