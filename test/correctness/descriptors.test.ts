import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { listFaults } from '../support/faults.ts'
import { type BusProcess, startBusProcess } from '../support/process.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'
import { plantFault } from './faulty-process.ts'

const isLinux = process.platform === 'linux'
const whyNot = isLinux ? '' : ' (skipped: the limit is set, and its use counted, on Linux)'

/** Opens connections that ask for nothing until one is closed: the bus can take no more. */
async function exhaust(bus: BusProcess): Promise<Socket[]> {
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (true) {
    const socket = await connectTo(bus)
    if (await isClosed(socket, 50)) return sockets
    sockets.push(socket)
  }
}

async function connectTo({ origin }: BusProcess): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Whether the other side closes the connection within some milliseconds. */
async function isClosed(socket: Socket, withinMs: number): Promise<boolean> {
  // Nothing is seen of the end unless somebody reads.
  socket.resume()
  const closed = once(socket, 'close').then(() => true)
  const answer = await Promise.race([closed, sleep(withinMs, false)])
  if (!answer) socket.pause()
  return answer
}

const events = ({ stderr }: BusProcess): unknown[] => listFaults(stderr()).map((line) => JSON.parse(line).event)

const SHORTAGE = 'no file descriptor left: new connections are closed'
const RELIEF = 'file descriptors free again'

/** Starts a bus that may have so many, and a load on it. */
async function startLimited(limit: number, env: Readonly<Record<string, string>> = {}) {
  const folder = createTempFolder()
  const args = ['--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`]
  const bus = await startBusProcess(args, env, ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'])
  const ledger = createLedger()
  const load = startLoad({ apiUrl: bus.apiUrl, ledger, label: 'few', writers: 3 })
  await load.progress(50)
  const client = createBusClient({ baseUrl: bus.apiUrl })
  const finish = async () => {
    load.stop()
    await load.ended
    expect(await findLost(client, ledger)).toEqual([])
    expect(await bus.stop()).toBe(0)
  }
  return { bus, ledger, load, finish }
}

async function countTurnedAway(bus: BusProcess, count: number): Promise<number> {
  let turnedAway = 0
  for (let asked = 0; asked < count; asked += 1) {
    const socket = await connectTo(bus)
    if (await isClosed(socket, 1_000)) turnedAway += 1
    socket.destroy()
  }
  return turnedAway
}

/** A session of its own, whose code the bus loads for the first who asks. Over a connection that is there already. */
function askMcp({ origin }: BusProcess, agent: Agent): Promise<number | undefined> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const asked = request(`${origin}/mcp`, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  })
  asked.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }))
  return once(asked, 'response').then(([answer]) => {
    answer.resume()
    return answer.statusCode
  })
}

describe.skipIf(!isLinux)(`a bus with few file descriptors${whyNot}`, () => {
  it('closes the connections that it has none for, and is as good as ever for the others', async () => {
    const { bus, ledger, load, finish } = await startLimited(96)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const first = request(`${bus.origin}/healthz`, { agent }).end()
    const [answer] = await once(first, 'response')
    answer.resume()
    await once(answer, 'end')

    const sockets = await exhaust(bus)
    const before = countAcknowledged(ledger)
    expect(await countTurnedAway(bus, 200)).toBe(200)
    expect(await askMcp(bus, agent)).toBe(200)
    await load.progress(300)
    console.log(
      `few descriptors: ${sockets.length} idle connections, 200 turned away, ${countAcknowledged(ledger) - before} acknowledged writes meanwhile`,
    )
    for (const socket of sockets) socket.destroy()
    await sleep(100)
    expect(await countTurnedAway(bus, 1)).toBe(0)
    await finish()
    expect(ledger.refused).toBe(0)
    expect(bus.stderr()).toBe('')
  }, 60_000)

  // SQLite may want a file of its own for a moment: what it then cannot do is refused, and not half done.
  it('answers those who are connected when none is left at all, says so once, and takes new ones when there are some again', async () => {
    const { bus, ledger, load, finish } = await startLimited(128, plantFault('hoard'))
    bus.child.kill('SIGUSR2')
    while (!events(bus).includes(SHORTAGE)) await sleep(50)
    const before = countAcknowledged(ledger)
    expect(await countTurnedAway(bus, 200)).toBe(200)
    await load.progress(300)
    console.log(
      `no descriptor: 200 turned away, ${countAcknowledged(ledger) - before} acknowledged writes meanwhile, ${ledger.refused} refused`,
    )
    bus.child.kill('SIGUSR2')
    while (!events(bus).includes(RELIEF)) await sleep(50)
    expect(await countTurnedAway(bus, 1)).toBe(0)
    await finish()
    expect(events(bus)).toEqual([SHORTAGE, RELIEF])
  }, 60_000)
})
