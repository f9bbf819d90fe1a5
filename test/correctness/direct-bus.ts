import { boundOperations } from '../../src/app.ts'
import { capabilities } from '../../src/capabilities/index.ts'
import { invoke, joinOnOutage } from '../../src/core/capability.ts'
import type { BusContext } from '../../src/core/context.ts'
import { AppError } from '../../src/core/errors.ts'
import { createLog } from '../../src/log.ts'
import { openDatabase } from '../../src/store/index.ts'
import type { SqliteOptions } from '../../src/store/sqlite/database.ts'

/** Calls an operation by its id, and resolves with the answer or the refusal. */
export type CallById = (id: string, input: object) => Promise<{ readonly status: number; readonly body: object }>

export interface DirectBus {
  readonly call: CallById
  /** What its chores are given. */
  readonly context: BusContext
  close(): Promise<void>
}

export interface DirectBusOptions extends Pick<SqliteOptions, 'path' | 'createClock'> {
  readonly minLeaseMs: number
  readonly maxLeaseMs: number
}

/** The operations on a store of their own, without a server: a hundred of them start in the time of ten. */
export async function openDirectBus({ minLeaseMs, maxLeaseMs, ...store }: DirectBusOptions): Promise<DirectBus> {
  const database = await openDatabase({
    ...store,
    migrations: capabilities.flatMap(({ migrations }) => migrations),
    onOutage: joinOnOutage(capabilities),
  })
  const context: BusContext = {
    database,
    log: createLog(() => {}),
    createWrite: () => database.write,
    settings: { minLeaseMs, maxLeaseMs, writeSecretRequired: false, version: '0.0.0' },
  }
  const byId = new Map(boundOperations.map((bound) => [bound.operation.id as string, bound])) // Found by any text.
  const request = { requestId: '00000000-0000-4000-8000-000000000000', signal: new AbortController().signal }
  return {
    context,
    close: database.close,
    call: async (id, input) => {
      const bound = byId.get(id)
      if (!bound) throw new Error(`no operation ${id}`)
      try {
        return { status: 200, body: await invoke(bound, input, context, request) }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { status: error.status, body: error.toBody(request.requestId) }
      }
    },
  }
}
