import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Clients that take what they can of a bus and give nothing, all of one kind. Free of vitest: the bench uses them, too. */
export interface HostileClients {
  /** How often a connection ended, by what the bus had said before: a status, or nothing. */
  readonly ends: ReadonlyMap<string, number>
  /** How many are connected now. */
  connected(): number
  close(): void
}

export type HostileKind = 'slow requests' | 'streams' | 'deaf streams' | 'unread answers' | 'floods'

const HEAD = 'host: localhost\r\n'
const JSON_HEAD = `POST /api/bus/message HTTP/1.1\r\n${HEAD}content-type: application/json\r\n`
const toStream = (query: string) => `GET /api/bus/events${query} HTTP/1.1\r\n${HEAD}accept: text/event-stream\r\n\r\n`
/** With large bodies more than the system takes off the bus's hands. */
const LARGE_READ = `GET /api/bus/messages?limit=100 HTTP/1.1\r\n${HEAD}accept: application/json\r\n\r\n`

/** Opened at a time, so that no connection is refused. */
const AT_ONCE = 50
const DRIP_MS = 500

interface Crowd extends HostileClients {
  readonly sockets: ReadonlySet<Socket>
}

/** Opens so many of a kind. Resolves when all have begun; whoever is cut off comes again where its kind does. */
export async function openHostileClients(origin: string, kind: HostileKind, count: number): Promise<HostileClients> {
  switch (kind) {
    case 'slow requests':
      return dripRequests(await openCrowd(origin, count, true, beginRequest))
    case 'streams':
      return openCrowd(origin, count, true, async (socket) => {
        socket.write(toStream(''))
        // It stands when it has begun.
        await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {})
      })
    case 'deaf streams':
      return feelOut(await openCrowd(origin, count, false, (socket) => socket.write(toStream('?since_id=0'))))
    case 'unread answers':
      // All at once: one behind the other would each wait for the one before it to be read.
      return feelOut(await openCrowd(origin, count, false, (socket) => socket.write(LARGE_READ.repeat(20))))
    case 'floods':
      return openCrowd(origin, count, true, flood)
  }
}

/** @param comesAgain And reads what it is answered, which tells why it was cut off. */
async function openCrowd(
  origin: string,
  count: number,
  comesAgain: boolean,
  begin: (socket: Socket, number: number) => unknown,
): Promise<Crowd> {
  const { hostname, port } = new URL(origin)
  const sockets = new Set<Socket>()
  const ends = new Map<string, number>()
  let isClosed = false
  const open = async (number: number): Promise<void> => {
    const socket = connect({ host: hostname, port: Number(port) })
    let status = 'nothing'
    socket.on('error', () => {})
    if (comesAgain) {
      socket.on('data', (chunk: Buffer) => {
        status = /^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1', 0, 20))?.[1] ?? status
      })
    } else socket.pause()
    socket.on('close', () => {
      sockets.delete(socket)
      if (isClosed) return
      ends.set(status, (ends.get(status) ?? 0) + 1)
      if (comesAgain) setTimeout(() => isClosed || void open(number), 50)
    })
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
    if (isClosed) return void socket.destroy()
    sockets.add(socket)
    await begin(socket, number)
  }
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, index) => open(opened + index))
    await Promise.all(some)
  }
  return {
    ends,
    sockets,
    connected: () => sockets.size,
    close: () => {
      isClosed = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Every other one is slow with its headers, the others with their bodies. */
function beginRequest(socket: Socket, number: number): void {
  if (number % 2 === 0) socket.write(`GET /api/bus/status HTTP/1.1\r\n${HEAD}x-slow: `)
  else socket.write(`${JSON_HEAD}content-length: 60000\r\n\r\n{"topic":"`)
}

function dripRequests(crowd: Crowd): HostileClients {
  return writeAgainAndAgain(crowd, 'x')
}

/** Whoever reads nothing does not learn that its connection has ended, unless it writes; empty lines before a request are none. */
function feelOut(crowd: Crowd): HostileClients {
  return writeAgainAndAgain(crowd, '\r\n')
}

function writeAgainAndAgain(crowd: Crowd, text: string): HostileClients {
  const timer = setInterval(() => {
    for (const socket of crowd.sockets) if (socket.writable) socket.write(text)
  }, DRIP_MS)
  return {
    ...crowd,
    close: () => {
      clearInterval(timer)
      crowd.close()
    },
  }
}

const MIB = 1024 * 1024
const toPost = (body: string) => Buffer.from(`${JSON_HEAD}content-length: ${body.length}\r\n\r\n${body}`)

/** Nested as deep as there is room for, and wide, and larger than may be. */
const FLOODS = [
  toPost('['.repeat(MIB - 1)),
  toPost(`{"body":${'['.repeat(MIB / 2 - 100)}${']'.repeat(MIB / 2 - 100)}}`),
  toPost(`{"topic":[${'{},'.repeat(MIB / 3 - 100)}{}]}`),
  toPost(`{"topic":"${'x'.repeat(2 * MIB)}"}`),
]

const FLOOD_EVERY_MS = 200

/** Sends one after another, each when the one before is answered. */
function flood(socket: Socket, number: number): void {
  let sent = number
  const next = () => {
    if (socket.writable) socket.write(FLOODS[sent++ % FLOODS.length] ?? '')
  }
  socket.on('data', () => setTimeout(next, FLOOD_EVERY_MS))
  next()
}
