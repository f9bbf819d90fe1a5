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

/** Waits until so many wait for the lane. */
export async function untilWaiting(client: Pick<BusClient, 'lanes'>, lane: string, waiters: number): Promise<void> {
  while ((await client.lanes.get({ lane })).lane.waiters !== waiters) await new Promise((done) => setTimeout(done, 2))
}
