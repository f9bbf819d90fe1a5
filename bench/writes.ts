/** How many durable posts and claims per second, and how long one takes, at 1, 16, 64 and 256 callers? */
import { measureDisk } from './support/disk-floor.ts'
import { measure, report } from './support/measure.ts'
import { startServers } from './support/servers.ts'

const CALLERS = [1, 16, 64, 256]

/** Renewed again and again, so that the number of lanes stays what it is. */
const LANES = 1_000

export async function run(rounds: number, seconds: number): Promise<void> {
  const servers = await startServers()
  const { bus, echo } = servers
  try {
    console.log(`\nwrites: one fdatasync of 4 KiB here takes p50 ${measureDisk(servers.folder).toFixed(3)} ms`)
    const post = JSON.stringify({ topic: 'bench', sender: 'bench', body: 'x'.repeat(200) })
    const echoed = echo.toRequest('POST', '/', post)
    const posted = bus.toRequest('POST', '/api/bus/message', post)
    const claims = Array.from({ length: LANES }, (_, lane) =>
      bus.toRequest('POST', `/api/bus/lanes/lane-${lane}/claim`, JSON.stringify({ owner: 'bench' })),
    )
    let next = 0
    for (const callers of CALLERS) {
      const [toEcho, toBus] = [await echo.open(callers), await bus.open(callers)]
      const contenders = {
        'bare echo': async () => void (await toEcho.send(echoed)),
        'durable post': async () => void (await toBus.send(posted)),
        'durable claim': async () => void (await toBus.send(claims[next++ % LANES] ?? posted)),
      }
      report(`writes, ${callers} callers`, await measure(contenders, callers, rounds, seconds))
      toEcho.close()
      toBus.close()
    }
  } finally {
    await servers.stop()
  }
}
