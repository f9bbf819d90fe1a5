import { BusApiError } from '../../src/client/index.ts'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { type DirectBus, type DirectBusOptions, openDirectBus } from './direct-bus.ts'
import { MAX_LEASE_S, MIN_LEASE_S } from './model.ts'

/** A bus as the commands of the model see it. */
export interface ModelBus extends Omit<DirectBus, 'context'> {
  readonly startedAt: number
  advance(ms: number): void
}

const STARTED_AT = 1_900_000_000_000

export async function openBusWithoutServer(
  options: Partial<Pick<DirectBusOptions, 'spoilWrite' | 'path'>> = {},
): Promise<ModelBus> {
  const clock = createFakeClock(STARTED_AT)
  const bus = await openDirectBus({
    path: ':memory:',
    createClock: () => clock.now,
    minLeaseMs: MIN_LEASE_S * 1000,
    maxLeaseMs: MAX_LEASE_S * 1000,
    // The model knows of none, and PostgreSQL measures it by the clock that leaps here.
    outageMs: 2 ** 31,
    ...options,
  })
  return { ...bus, startedAt: STARTED_AT, advance: clock.advance }
}

/** The whole bus, through the typed client. */
export async function openBusOverHttp(): Promise<ModelBus> {
  const clock = createFakeClock(STARTED_AT)
  const bus = await startTestBus({ maxLeaseSeconds: MAX_LEASE_S, createClock: () => clock.now })
  return {
    startedAt: STARTED_AT,
    advance: clock.advance,
    close: bus.close,
    call: async (id, input, key) => {
      try {
        return {
          status: 200,
          body: await bus.client.call(id, { ...input }, key === undefined ? {} : { idempotencyKey: key }),
        }
      } catch (error) {
        if (!(error instanceof BusApiError)) throw error
        return { status: error.statusCode, body: error.body }
      }
    },
  }
}
