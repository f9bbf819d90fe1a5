import pg from 'pg'
import { toClientConfig } from './connection.ts'

/** One connection for as long as it lasts, and then another one. */
export interface KeptClient {
  /** The connection as it is; opened when there is none. */
  open(): Promise<pg.Client>
  /** Throws, as whoever uses a lost connection would, when there is none. */
  get(): pg.Client
  /** Whether the next {@link open} finds one. */
  isOpen(): boolean
  /** Gives it up without waiting for its end; the next {@link open} makes another. */
  drop(): Promise<void>
  close(): Promise<void>
}

export function createKeptClient(url: string): KeptClient {
  let client: pg.Client | undefined
  return {
    open: async () => {
      if (client) return client
      const fresh = new pg.Client(toClientConfig(url))
      const forget = () => {
        if (client === fresh) client = undefined
      }
      // Whoever uses it next finds out; without a listener the process would end.
      fresh.on('error', forget)
      fresh.on('end', forget)
      await fresh.connect()
      client = fresh
      return fresh
    },
    get: () => {
      if (!client) throw new Error('Connection terminated')
      return client
    },
    isOpen: () => client !== undefined,
    drop: async () => {
      const dropped = client
      client = undefined
      // It may hang, as a connection does whose packets nobody takes.
      dropped?.end().catch(() => {})
    },
    close: async () => {
      await client?.end()
    },
  }
}
