import { capabilities, createWriteOnce } from '../../src/capabilities/index.ts'
import { invoke, joinOnOutage } from '../../src/core/capability.ts'
import type { BusContext, Write } from '../../src/core/context.ts'
import { AppError } from '../../src/core/errors.ts'
import { createWaits } from '../../src/core/waits.ts'
import { boundOperations } from '../../src/product.ts'
import { openDatabase } from '../../src/store/index.ts'
import type { SqliteOptions } from '../../src/store/sqlite/database.ts'
import { createLog } from '../../src/telemetry/log.ts'

/** Calls an operation by its id, a write perhaps under a key, and resolves with the answer or the refusal. */
export type CallById = (
  id: string,
  input: object,
  key?: string,
) => Promise<{ readonly status: number; readonly body: object }>

export interface DirectBus {
  readonly call: CallById
  /** What its chores are given. */
  readonly context: BusContext
  close(): Promise<void>
}

/** Its path may be the URL of a PostgreSQL database, too. */
export interface DirectBusOptions extends Pick<SqliteOptions, 'path' | 'createClock' | 'outageMs'> {
  readonly minLeaseMs: number
  readonly maxLeaseMs: number
  /** A wrong way to make a write once; the right one when left out. */
  readonly spoilWrite?: (write: Write) => Write
}

/** The operations on a store of their own, without a server: a hundred of them start in the time of ten. */
export async function openDirectBus(options: DirectBusOptions): Promise<DirectBus> {
  const { minLeaseMs, maxLeaseMs, spoilWrite = (write) => write, path, ...store } = options
  const database = await openDatabase({
    ...store,
    place: path,
    migrations: capabilities.flatMap(({ migrations }) => migrations),
    onOutage: joinOnOutage(capabilities),
  })
  const context: BusContext = {
    database,
    log: createLog(() => {}),
    waits: createWaits(10_000, new AbortController().signal),
    createWrite: (request, id, input) =>
      spoilWrite(createWriteOnce(database, request, () => JSON.stringify([id, input]))),
    settings: { minLeaseMs, maxLeaseMs, writeSecretRequired: false, version: '0.0.0' },
  }
  const byId = new Map(boundOperations.map((bound) => [bound.operation.id as string, bound])) // Found by any text.
  const request = { requestId: '00000000-0000-4000-8000-000000000000', signal: new AbortController().signal }
  return {
    context,
    close: database.close,
    call: async (id, input, idempotencyKey) => {
      const bound = byId.get(id)
      if (!bound) throw new Error(`no operation ${id}`)
      try {
        return { status: 200, body: await invoke(bound, input, context, { ...request, idempotencyKey }) }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { status: error.status, body: error.toBody(request.requestId) }
      }
    },
  }
}
