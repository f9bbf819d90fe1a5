/** How many durable posts per second, embedded and with 1, 2 and 4 buses on one PostgreSQL, at 1, 16, 64 and 256 callers? */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../test/support/postgres.ts'
import { type BusProcess, startBusProcess } from './support/bus-process.ts'
import { measure, report } from './support/measure.ts'
import { createRequester } from './support/requester.ts'

const CALLERS = [1, 16, 64, 256]
const NODES = [1, 2, 4]

export async function run(rounds: number, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-bench-'))
  const postgres = await startPostgres(folder)
  const processes: BusProcess[] = []
  const start = async (url: string) => {
    const started = await startBusProcess(['--database-url', url])
    processes.push(started)
    return started
  }
  try {
    const embedded = await start(`sqlite:${join(folder, 'bus.db')}`)
    const url = await postgres.createDatabase()
    const nodes: BusProcess[] = []
    for (let count = 0; count < Math.max(...NODES); count += 1) nodes.push(await start(url))
    for (const callers of CALLERS) {
      const request = createRequester(callers)
      const body = JSON.stringify({ topic: 'bench', sender: 'bench', body: 'x'.repeat(200) })
      let turn = 0
      const postTo = (buses: readonly BusProcess[]) => () => {
        turn += 1
        return request(`${buses[turn % buses.length]?.apiUrl}/message`, body)
      }
      const contenders = Object.fromEntries([
        ['embedded', postTo([embedded])],
        ...NODES.map((count) => [`PostgreSQL × ${count}`, postTo(nodes.slice(0, count))] as const),
      ])
      report(`durable posts, ${callers} callers`, await measure(contenders, callers, rounds, seconds))
    }
  } finally {
    for (const { stop } of processes) await stop()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
