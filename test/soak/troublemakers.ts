import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './caller.ts'

/** How long each lets pass between two of its misdeeds, in milliseconds. */
const PAUSE_MS = 1_000

/** Nothing that a troublemaker sends may be answered with one of these. */
const FAULT = /^HTTP\/1\.1 5(?!03)\d\d/

type Misdeed = (socket: Socket, stage: Stage) => Promise<void>

const HOST = 'host: localhost\r\n'
const JSON_TYPE = 'content-type: application/json\r\n'

const post = (body: string, length = Buffer.byteLength(body)) =>
  `POST /api/bus/message HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: ${length}\r\n\r\n${body}`

/** Sends it at once, and waits for an answer or the end. */
const say =
  (text: (stage: Stage) => string | Buffer): Misdeed =>
  async (socket, stage) => {
    socket.write(text(stage))
    await rest(stage, 500)
  }

const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'no HTTP': say(({ random }) => Buffer.from(Array.from({ length: 300 }, () => random.below(256)))),
  'huge headers': say(() => `GET /healthz HTTP/1.1\r\n${HOST}x-long: ${'x'.repeat(40_000)}\r\n\r\n`),
  'deep JSON': say(() => post(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)),
  'a huge body': say(() => post(`{"body":"${'x'.repeat(1_200_000)}"}`)),
  'no JSON': say(() => post('{"topic": ')),
  'wrong fields': say(() => post('{"topic": 7, "sender": null, "body": []}')),
  'an unknown route': say(() => `DELETE /api/bus/lanes/%00/../../claim HTTP/1.1\r\n${HOST}\r\n`),
  'a foreign host': say(() => 'GET /api/bus/status HTTP/1.1\r\nhost: evil.example\r\n\r\n'),
  'half a request': say(() => post('{"topic":"half"', 5_000)),
  'gone in the middle': async (socket) => {
    socket.write(post(JSON.stringify({ topic: 'noise', sender: 'noise', body: 'noise' })))
  },
  'dripping headers': async (socket, stage) => {
    socket.write(`GET /healthz HTTP/1.1\r\n${HOST}`)
    while (!socket.destroyed && !stage.leaving.aborted) {
      socket.write('x')
      await rest(stage, 700)
    }
  },
  'a stream that is never read': async (socket, stage) => {
    socket.pause()
    socket.write(`GET /api/bus/events?since_id=0 HTTP/1.1\r\n${HOST}accept: text/event-stream\r\n\r\n`)
    for (let seconds = 0; seconds < 45 && !socket.destroyed && !stage.leaving.aborted; seconds += 1)
      await rest(stage, 1_000)
  },
}

/** Does one thing after another that no good client does, each on a connection of its own. */
export async function makeTrouble(stage: Stage): Promise<void> {
  while (!stage.leaving.aborted) {
    await rest(stage, PAUSE_MS)
    const [name, misdeed] = stage.random.pick(Object.entries(MISDEEDS))
    const { hostname, port } = new URL(stage.origin)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => {})
    const stood = await Promise.race([once(socket, 'connect'), once(socket, 'close').then(() => undefined)]).catch(
      () => undefined,
    )
    if (stood === undefined) continue
    let answer = ''
    socket.on('data', (chunk: Buffer) => {
      if (answer.length < 1_000) answer += chunk.toString('latin1')
    })
    await misdeed(socket, stage)
    socket.destroy()
    if (FAULT.test(answer)) stage.alarms.raise('fault of the bus', `${name} was answered: ${answer.split('\r\n')[0]}`)
  }
}

async function rest({ leaving }: Stage, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: leaving }).catch(() => {})
}
