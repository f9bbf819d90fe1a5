import type { Socket } from 'node:net'
import pg from 'pg'
import type { Connections } from './connection.ts'
import { isConnectionLost } from './errors.ts'

/** One connection for as long as it lasts, and then another one. */
export interface KeptClient {
  /** Opens a connection when there is none. */
  open(): Promise<void>
  /** Sends at once, whatever is still to be answered. Rejects, as on a connection that was lost, when there is none. */
  query(query: pg.QueryConfig): Promise<pg.QueryResult>
  /** Whether the next {@link open} finds one. */
  isOpen(): boolean
  /** Gives it up without waiting for its end; the next {@link open} makes another. */
  drop(): Promise<void>
  close(): Promise<void>
}

export function createKeptClient({ config, createSocket }: Pick<Connections, 'config' | 'createSocket'>): KeptClient {
  let client: pg.Client | undefined
  let sendTogether = () => {}
  const drop = async () => {
    const dropped = client
    client = undefined
    // It may hang, as a connection does whose packets nobody takes.
    dropped?.end().catch(() => {})
  }
  return {
    open: async () => {
      if (client) return
      const socket = createSocket()
      const fresh = new pg.Client({ ...config, stream: () => socket, pipeline: true })
      const forget = () => {
        if (client === fresh) client = undefined
      }
      // Whoever uses it next finds out; without a listener the process would end.
      fresh.on('error', forget)
      fresh.on('end', forget)
      await fresh.connect()
      client = fresh
      sendTogether = createCork(socket)
    },
    query: async (query) => {
      if (!client) throw new Error('Connection terminated')
      const asked = client
      sendTogether()
      try {
        return await asked.query(query)
      } catch (error) {
        // At once, so that what comes next on it does not wait in vain as well. Not another one that was opened since.
        if (client === asked && isConnectionLost(error)) await drop()
        throw error
      }
    },
    isOpen: () => client !== undefined,
    drop,
    close: async () => {
      await client?.end()
    },
  }
}

/** What is written before the process turns to anything else goes in one packet: each of them wakes the server. */
function createCork(socket: Socket): () => void {
  let isCorked = false
  const uncork = () => {
    isCorked = false
    socket.uncork()
  }
  return () => {
    if (isCorked) return
    isCorked = true
    socket.cork()
    process.nextTick(uncork)
  }
}
