import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sql } from '../../core/database.ts'
import type { Statements } from '../bodies.ts'
import type { WakeUps } from '../wake-ups.ts'
import { toQuickQuery } from './connection.ts'

/** Where all buses on one database tell each other whom to wake. */
const POSTGRES_CHANNEL = 'bus_mcp'

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900

/** How often it is asked for a sign of life: who only listens does not notice a network that swallows all that is said. */
const ASK_EVERY_MS = 5_000

/** Tells the other buses, with the commit, whom to wake. */
export async function announce(statements: Statements, nodeId: string, channels: ReadonlySet<string>): Promise<void> {
  for (const payload of toPayloads(nodeId, [...channels])) {
    await statements.run(sql`select pg_notify(${POSTGRES_CHANNEL}, ${payload})`)
  }
}

function toPayloads(nodeId: string, channels: readonly string[]): string[] {
  if (channels.length === 0) return []
  const payload = JSON.stringify([nodeId, ...channels])
  if (Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES || channels.length === 1) return [payload]
  const half = Math.ceil(channels.length / 2)
  return [...toPayloads(nodeId, channels.slice(0, half)), ...toPayloads(nodeId, channels.slice(half))]
}

/**
 * Hears what other buses announce; resolves when it does. A hint only: whoever waits looks by itself as well, and after
 * the connection was lost everybody looks.
 */
export async function listenToOthers(
  config: pg.ClientConfig,
  nodeId: string,
  wakeUps: WakeUps,
): Promise<{ close(): Promise<void> }> {
  const stop = new AbortController()
  let ear = await connect(config, nodeId, wakeUps)

  const keepListening = async () => {
    while (true) {
      await ear.lost
      await sleep(250 + Math.random() * 500, undefined, { signal: stop.signal }).catch(() => {})
      if (stop.signal.aborted) return
      // Those who wait look by themselves meanwhile, and the writer tells what is wrong with the database.
      const next = await connect(config, nodeId, wakeUps).catch(() => undefined)
      if (!next) continue
      ear = next
      // It was asked to end while it connected, and so was only the one before.
      if (stop.signal.aborted) return ear.end()
      wakeUps.notifyAll()
    }
  }
  const running = keepListening()

  return {
    close: async () => {
      stop.abort()
      await ear.end()
      await running
    },
  }
}

interface Ear {
  /** Resolves when the connection is gone. */
  readonly lost: Promise<void>
  end(): Promise<void>
}

async function connect(config: pg.ClientConfig, nodeId: string, wakeUps: WakeUps): Promise<Ear> {
  const client = new pg.Client(config)
  const end = () => client.end().catch(() => {})
  const lost = new Promise<void>((resolve) => {
    client.on('end', () => resolve())
    client.on('error', () => resolve())
  })
  client.on('notification', ({ payload = '[]' }) => {
    const [from, ...channels]: string[] = JSON.parse(payload)
    if (from !== nodeId) wakeUps.notify(channels)
  })
  await client.connect()
  try {
    await client.query(toQuickQuery(`listen ${POSTGRES_CHANNEL}`))
  } catch (error) {
    await end()
    throw error
  }
  const asking = setInterval(() => {
    client.query(toQuickQuery('select 1')).catch(end)
  }, ASK_EVERY_MS)
  asking.unref()
  void lost.then(() => {
    clearInterval(asking)
    return end()
  })
  return { lost, end }
}
