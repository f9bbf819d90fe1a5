import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBusClient } from '../../src/client/index.ts'
import type { Stage } from './caller.ts'
import type { Reader } from './readers.ts'
import type { SoakedBus } from './soaked-bus.ts'

/** The newest ids when nothing comes any more. */
export interface Heads {
  readonly messages: number
  readonly events: number
}

export async function readHeads(origin: string): Promise<Heads> {
  const client = createBusClient({ baseUrl: `${origin}/api/bus` })
  const { head_id: messages } = await client.messages.read({ limit: 1 })
  const { head_id: events } = await client.events.read({})
  return { messages, events }
}

const READ_LIMIT_MS = 60_000

/** Waits until all have read to the end, and looks whether they met everything that was acknowledged. */
export async function checkRead(stage: Stage, readers: readonly Reader[], streams: readonly Reader[], heads: Heads) {
  const all = [...readers, ...streams].map(({ left }) => left)
  await Promise.race([Promise.all(all), sleep(READ_LIMIT_MS, undefined, { ref: false })])
  const check = (some: readonly Reader[], head: number, what: string) => {
    for (const reader of some) {
      const position = reader.position()
      if (position !== head) stage.alarms.raise('gap', `${reader.name} ended at ${what} ${position} of ${head}`)
    }
  }
  check(readers, heads.messages, 'message')
  check(streams, heads.events, 'event')
  const unread = stage.messages.countUnread()
  if (unread > 0) stage.alarms.raise('lost message', `${unread} acknowledged messages were met by no reader`)
}

/** The lanes stand where they were last seen, or have gone on. */
export async function checkLanes(stage: Stage): Promise<void> {
  const client = createBusClient({ baseUrl: `${stage.origin}/api/bus` })
  for (const [lane, known] of [...stage.lanes.all()]) stage.lanes.saw(known, (await client.lanes.get({ lane })).lane)
}

const CLOSE_LIMIT_MS = 20_000

/** Waits until the bus has closed what the agents left open, or has had the time for it. */
export async function settleDescriptors(bus: SoakedBus, enough: number): Promise<number | undefined> {
  const startedAt = performance.now()
  while ((bus.countDescriptors() ?? 0) > enough && performance.now() - startedAt < CLOSE_LIMIT_MS) await sleep(500)
  return bus.countDescriptors()
}

const ROOT = join(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'dist/main.js')
const INTEGRITY_CHECK = join(import.meta.dirname, 'integrity-check.ts')

/** Looks at the file of a bus that has ended: what SQLite says of it, and the bus's own check, where it has one. */
export function checkFile(stage: Stage, file: string): void {
  const run = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  // Not here: the driver keeps a closed file open for a while, and Windows removes no open file.
  const look = run('--import', 'tsx', INTEGRITY_CHECK, file)
  if (look.stdout.trim() !== 'ok') stage.alarms.raise('files', `SQLite says: ${look.stdout}${look.stderr}`)
  if (run(MAIN, 'check', '--help').status !== 0) return
  const { status, stdout, stderr } = run(MAIN, 'check', '--database-url', `sqlite:${file}`)
  if (status !== 0) stage.alarms.raise('files', `bus-mcp check says: ${stdout}${stderr}`)
}
