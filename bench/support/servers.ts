import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BusProcess, type ServerProcess, startBusProcess, startProcess } from './bus-process.ts'
import { openRawLoad, type RawLoad, toRequest } from './raw-load.ts'

/** A server that can be asked over raw connections. */
export interface Place {
  readonly port: number
  readonly host: string
  open(connections: number, accepts?: readonly number[]): Promise<RawLoad>
  /** A request to it, as it goes over the wire; its body is an object, or bytes. */
  toRequest(
    method: 'GET' | 'POST',
    path: string,
    body?: object | string,
    headers?: Readonly<Record<string, string>>,
  ): Buffer
}

export type BusPlace = Place & BusProcess

/** What a question needs while it is measured; all of it is stopped and removed at the end, also after a failure. */
export interface Workplace {
  readonly folder: string
  /** A bus on a file of the folder, a process of its own, so that it costs what it costs and nothing else. */
  startBus(file?: string): Promise<BusPlace>
  /** A bus with these flags. */
  startBusWith(flags: readonly string[]): Promise<BusPlace>
  /** A bare echo, likewise. */
  startEcho(): Promise<Place>
  /** Ends something else with the rest, before what was there first. */
  atEnd(end: () => unknown): void
}

export async function withWorkplace<T>(use: (workplace: Workplace) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-bench-'))
  // Some servers give their root rights up, and must get at it all the same.
  chmodSync(folder, 0o755)
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })]
  const atEnd = (end: () => unknown) => ends.push(end)
  const keep = <S extends ServerProcess>(server: S): S => {
    atEnd(server.stop)
    return server
  }
  const startBusWith = async (flags: readonly string[]) => {
    const bus = keep(await startBusProcess(flags))
    return { ...bus, ...toPlace(bus.apiUrl) }
  }
  const endAll = async () => {
    for (const end of ends.splice(0).reverse()) {
      try {
        await end()
      } catch (error) {
        console.error('at the end of a measurement:', error)
      }
    }
  }
  // Whoever interrupts a run leaves neither servers nor gigabytes behind.
  const onInterrupt = () => void endAll().finally(() => process.exit(130))
  process.once('SIGINT', onInterrupt)
  try {
    return await use({
      folder,
      startBus: (file = 'bus.db') => startBusWith(['--database-url', `sqlite:${join(folder, file)}`]),
      startBusWith,
      startEcho: async () =>
        toPlace(keep(await startProcess(['--import', 'tsx', join(import.meta.dirname, 'echo-server.ts')])).origin),
      atEnd,
    })
  } finally {
    process.off('SIGINT', onInterrupt)
    await endAll()
  }
}

function toPlace(url: string): Place {
  const { port, host } = new URL(url)
  return {
    port: Number(port),
    host,
    open: (connections, accepts) => openRawLoad(Number(port), connections, accepts),
    toRequest: (method, path, body = '', headers = {}) =>
      toRequest(method, host, path, typeof body === 'string' ? body : JSON.stringify(body), headers),
  }
}
