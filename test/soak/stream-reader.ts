import { type IncomingMessage, request as send } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './caller.ts'
import type { Change, Followed } from './lane-ledger.ts'
import type { Reader } from './readers.ts'

/** How often a connection ends, in events, and how often a slow one looks away, in milliseconds. */
const EVENTS_A_CONNECTION = 4_000
const PAUSE_MS = 3_000

interface Entry {
  readonly id: number
  readonly kind: string
  readonly message?: { readonly id: number; readonly body: string }
  readonly lane?: string
  readonly change?: Change
}

/** What a reader has got, over all its connections. */
interface Progress {
  readonly name: string
  position: number
  readonly followed: Followed
}

/**
 * Follows everything that happens from the beginning on, over connections that break off, and goes on each time where it
 * was (`Last-Event-ID`).
 *
 * @param isSlow Looks away for seconds again and again, so that what was sent to it piles up.
 * @param isOver Asked when it has come as far as there is anything: whether nothing will come.
 */
export function followStream(
  stage: Stage,
  name: string,
  isSlow: boolean,
  isOver: (position: number) => boolean,
): Reader {
  const progress: Progress = { name, position: 0, followed: new Map() }
  const run = async () => {
    while (!isOver(progress.position)) {
      const startedAt = performance.now()
      const problem = await followOnce(stage, progress, isSlow, isOver)
      if (problem === undefined) continue
      if (!stage.disturbances.touch(startedAt, performance.now()))
        stage.alarms.raise('no answer', `${name}: ${problem}`)
      await sleep(200)
    }
  }
  return { name, position: () => progress.position, left: run() }
}

/** One connection. Resolves with why it ended, when that was not the reader's own wish. */
function followOnce(
  stage: Stage,
  progress: Progress,
  isSlow: boolean,
  isOver: (position: number) => boolean,
): Promise<string | undefined> {
  const most = stage.random.between(1, EVENTS_A_CONNECTION)
  const headers = { accept: 'text/event-stream', 'last-event-id': String(progress.position) }
  return new Promise((resolve) => {
    const outgoing = send(`${stage.origin}/api/bus/events`, { headers, agent: false })
    let count = 0
    const end = (problem?: string) => {
      clearInterval(timer)
      stage.streams.delete(progress.name)
      outgoing.destroy()
      resolve(problem)
    }
    let incoming: IncomingMessage | undefined
    const timer = setInterval(() => {
      if (isOver(progress.position)) end()
      else if (isSlow && incoming) lookAway(incoming)
    }, 500)
    outgoing.on('error', ({ message }) => end(message))
    outgoing.on('response', (response) => {
      incoming = response
      if (response.statusCode !== 200) return end(`status ${response.statusCode}`)
      stage.streams.add(progress.name)
      response.on('error', () => {})
      response.on('close', () => end('the stream ended'))
      readBlocks(response, (block) => {
        if (outgoing.destroyed) return
        take(stage, progress, block)
        count += 1
        if (count >= most) end()
      })
    })
    outgoing.end()
  })
}

function lookAway(incoming: IncomingMessage): void {
  if (incoming.isPaused()) return
  incoming.pause()
  setTimeout(() => incoming.resume(), PAUSE_MS)
}

function readBlocks(incoming: IncomingMessage, onBlock: (block: string) => void): void {
  let rest = ''
  incoming.setEncoding('utf8')
  incoming.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) onBlock(block)
  })
}

function take(stage: Stage, progress: Progress, block: string): void {
  const data = /^data: (.*)$/m.exec(block)?.[1]
  if (data === undefined || block.includes('event: hello\n')) return
  const entry: Entry = JSON.parse(data)
  if (entry.id !== progress.position + 1) {
    stage.alarms.raise('gap', `${progress.name} met event ${entry.id} after ${progress.position}`)
  }
  progress.position = entry.id
  const { message, lane, change } = entry
  if (entry.kind === 'message' && message) stage.messages.read(progress.name, message)
  if (lane !== undefined && change) stage.lanes.followed(progress.name, progress.followed, lane, change)
}
