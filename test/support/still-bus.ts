import type { BusOptions } from '../../src/app.ts'
import { createFakeClock, type FakeClock, startTestBus, type TestBus } from './bus.ts'

/** When a still bus starts, as its answers tell it. */
export const NOON = '2030-01-01T12:00:00.000Z'

/** A bus, and the clock that it goes by: it stands at {@link NOON} until it is moved. */
export async function startStillBus(
  options: Partial<BusOptions> = {},
): Promise<TestBus['client'] & { readonly clock: FakeClock }> {
  const clock = createFakeClock(Date.parse(NOON))
  const { client } = await startTestBus({ createClock: () => clock.now, ...options })
  return { ...client, clock }
}

/** The moment so many seconds after {@link NOON}, as answers tell it. */
export function afterNoon(seconds: number): string {
  return new Date(Date.parse(NOON) + seconds * 1_000).toISOString()
}
