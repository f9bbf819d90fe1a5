/** How fast is what is read most, beside an echo of as many bytes: alone, and while others write? */
import { measure, report } from './support/measure.ts'
import type { RawLoad } from './support/raw-load.ts'
import { type Servers, startServers } from './support/servers.ts'

const MESSAGES = 10_000
const WRITERS = 16

export async function run(rounds: number, seconds: number): Promise<void> {
  const servers = await startServers()
  try {
    await fill(servers)
    for (const callers of [1, 16]) await measureReads(servers, callers, rounds, seconds, `reads, ${callers} callers`)
    const writing = await startWriting(servers)
    await measureReads(servers, 16, rounds, seconds, `reads, 16 callers, while ${WRITERS} write`)
    await writing.stop()
  } finally {
    await servers.stop()
  }
}

async function measureReads({ bus, echo }: Servers, callers: number, rounds: number, seconds: number, title: string) {
  const [toEcho, toBus] = [await echo.open(callers), await bus.open(callers)]
  const paths = {
    'newest 50 of a topic': '/api/bus/messages?topic=topic-3',
    'newest 50 of all': '/api/bus/messages',
    'since a cursor': `/api/bus/messages?since_id=${MESSAGES - 60}`,
    status: '/api/bus/status',
  }
  const size = await toBus.send(bus.toRequest('GET', paths['newest 50 of a topic']))
  const echoed = echo.toRequest('GET', `/?bytes=${size}`)
  const contenders = Object.entries(paths).map(([name, path]) => {
    const request = bus.toRequest('GET', path)
    return [name, async () => void (await toBus.send(request))] as const
  })
  const all = { 'bare echo': async () => void (await toEcho.send(echoed)), ...Object.fromEntries(contenders) }
  report(`${title}, ${size} bytes a page`, await measure(all, callers, rounds, seconds))
  toEcho.close()
  toBus.close()
}

async function fill({ bus }: Servers): Promise<void> {
  const load = await bus.open(64)
  let next = 0
  const post = async () => {
    while (next < MESSAGES) await load.send(toPost({ bus }, next++))
  }
  await Promise.all(Array.from({ length: 64 }, post))
  load.close()
}

function toPost({ bus }: Pick<Servers, 'bus'>, count: number): Buffer {
  const body = `step ${count}: ${'x'.repeat(150)}`
  return bus.toRequest(
    'POST',
    '/api/bus/message',
    JSON.stringify({ topic: `topic-${count % 10}`, sender: 'bench', body }),
  )
}

async function startWriting(servers: Servers): Promise<{ stop(): Promise<void> }> {
  const load: RawLoad = await servers.bus.open(WRITERS)
  let isOver = false
  let count = MESSAGES
  const write = async () => {
    while (!isOver) await load.send(toPost(servers, count++))
  }
  const writers = Promise.all(Array.from({ length: WRITERS }, write))
  return {
    stop: async () => {
      isOver = true
      await writers
      load.close()
      console.log(`  meanwhile ${count - MESSAGES} messages were posted`)
    },
  }
}
