import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Bus, type BusOptions, startBus } from '../../src/app.ts'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import type { Clock } from '../../src/store/clock.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { loopbackBus } from './bus-options.ts'
import { removeFolder } from './remove-folder.ts'

/** A clock that moves only when it is told to. */
export interface FakeClock {
  readonly now: Clock
  advance(ms: number): void
}

export function createFakeClock(startedAt = 1_900_000_000_000): FakeClock {
  let now = startedAt
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}

export interface TestBus extends Bus {
  readonly client: BusClient
  /** What the bus logged, a line each. */
  readonly logged: readonly string[]
}

/** Starts a bus in this process on a free port, with a database in memory unless told otherwise; stops it after the test. */
export async function startTestBus(options: Partial<BusOptions> = {}): Promise<TestBus> {
  const logged: string[] = []
  const bus = await startBus({
    ...loopbackBus,
    log: createLog((line) => logged.push(line)),
    ...options,
  })
  onTestFinished(bus.close)
  const client = createBusClient({ baseUrl: bus.apiUrl, writeSecret: options.writeSecret })
  return { ...bus, client, logged }
}

/** A folder that is removed after the test. Its path is the one that the system itself tells, without links and short names. */
export function createTempFolder(): string {
  const folder = realpathSync.native(mkdtempSync(join(tmpdir(), 'bus-mcp-')))
  onTestFinished(() => removeFolder(folder))
  return folder
}
