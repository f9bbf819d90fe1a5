/** How many durable posts and claims per second, and how long one takes, at 1, 16 and 64 callers? */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBus } from '../src/app.ts'
import { createLog } from '../src/log.ts'
import { loopbackBus } from '../test/support/bus-options.ts'
import { measure, report } from './support/measure.ts'
import { createRequester } from './support/requester.ts'

const CALLERS = [1, 16, 64]

export async function run(rounds: number, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-bench-'))
  const bus = await startBus({
    ...loopbackBus,
    databasePlace: join(folder, 'bus.db'),
    log: createLog(console.error),
  })
  // The floor: the same exchange with a server that only echoes.
  const echo = createServer((request, response) => {
    request.on('data', () => {})
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{"ok":true}'))
  })
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  const echoUrl = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`
  const post = JSON.stringify({ topic: 'bench', sender: 'bench', body: 'x'.repeat(200) })
  const claim = JSON.stringify({ owner: 'bench' })
  let next = 0
  for (const callers of CALLERS) {
    const request = createRequester(callers)
    const contenders = {
      'bare echo': () => request(echoUrl, post),
      'durable post': () => request(`${bus.apiUrl}/message`, post),
      'durable claim': () => request(`${bus.apiUrl}/lanes/lane-${next++}/claim`, claim),
    }
    report(`writes, ${callers} callers`, await measure(contenders, callers, rounds, seconds))
  }
  echo.close()
  echo.closeAllConnections()
  await bus.close()
  rmSync(folder, { recursive: true, force: true })
}
