import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sql } from '../../core/database.ts'
import type { Statements } from '../group-commit.ts'
import type { WakeUps } from '../wake-ups.ts'
import { toClientConfig } from './connection.ts'

/** Where all buses on one database tell each other whom to wake. */
const POSTGRES_CHANNEL = 'bus_mcp'

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900

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
 * Hears what other buses announce. A hint only: whoever waits looks by itself as well, and after the connection was lost
 * everybody looks.
 */
export function listenToOthers(url: string, nodeId: string, wakeUps: WakeUps): { close(): Promise<void> } {
  const stop = new AbortController()
  let client: pg.Client | undefined

  const listen = async () => {
    const fresh = new pg.Client({ ...toClientConfig(url), idle_in_transaction_session_timeout: 0 })
    client = fresh
    const ended = new Promise<void>((resolve) => {
      fresh.on('end', () => resolve())
      fresh.on('error', () => resolve())
    })
    fresh.on('notification', ({ payload = '[]' }) => {
      const [from, ...channels]: string[] = JSON.parse(payload)
      if (from !== nodeId) wakeUps.notify(channels)
    })
    await fresh.connect()
    await fresh.query(`listen ${POSTGRES_CHANNEL}`)
    wakeUps.notifyAll()
    await ended
  }

  const keepListening = async () => {
    while (!stop.signal.aborted) {
      // Those who wait look by themselves meanwhile, and the writer tells what is wrong with the database.
      await listen().catch(() => {})
      await client?.end().catch(() => {})
      await sleep(250 + Math.random() * 500, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const running = keepListening()

  return {
    close: async () => {
      stop.abort()
      await client?.end().catch(() => {})
      await running
    },
  }
}
