import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBusProcess, startProcess } from './bus-process.ts'
import { openRawLoad, type RawLoad, toRequest } from './raw-load.ts'

/** A bus on a file and a bare echo, each a process of its own, so that both cost what they cost and nothing else. */
export interface Servers {
  /** Where the bus's file is. */
  readonly folder: string
  readonly bus: Place
  readonly echo: Place
  stop(): Promise<void>
}

export interface Place {
  readonly port: number
  open(connections: number): Promise<RawLoad>
  /** A request to it, as it goes over the wire. */
  toRequest(method: 'GET' | 'POST', path: string, body?: string): Buffer
}

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-bench-'))
  const bus = await startBusProcess(['--database-url', `sqlite:${join(folder, 'bus.db')}`])
  const echo = await startProcess(['--import', 'tsx', join(import.meta.dirname, 'echo-server.ts')])
  return {
    folder,
    bus: toPlace(bus.apiUrl),
    echo: toPlace(echo.origin),
    stop: async () => {
      await bus.stop()
      await echo.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function toPlace(url: string): Place {
  const { port, host } = new URL(url)
  return {
    port: Number(port),
    open: (connections) => openRawLoad(Number(port), connections),
    toRequest: (method, path, body) => toRequest(method, host, path, body),
  }
}
