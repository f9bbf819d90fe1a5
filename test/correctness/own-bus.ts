import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { BusOptions } from '../../src/app.ts'

const ROOT = join(import.meta.dirname, '../..')
const OWN_BUS = join(import.meta.dirname, 'fixtures', 'own-bus.ts')

export interface OwnBus {
  readonly child: ChildProcess
  readonly apiUrl: string
}

/** Starts a bus as a process of its own, with options that no user has; killed after the test. */
export async function startOwnBus(
  options: Pick<Partial<BusOptions>, 'databasePlace' | 'minLeaseMs' | 'outageMs'>,
): Promise<OwnBus> {
  const args = ['--import', 'tsx', OWN_BUS, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    if (child.kill('SIGKILL')) await closed
  })
  const [apiUrl]: string[] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, apiUrl: apiUrl ?? '' }
}
