import type { BusOptions } from '../../src/app.ts'

/** A bus on a free port of this machine that keeps nothing: what tests and benches begin with. */
export const loopbackBus: Omit<BusOptions, 'log'> = {
  host: '127.0.0.1',
  port: 0,
  databasePlace: ':memory:',
  maxLeaseSeconds: 86_400,
  allowedHosts: [],
  writeSecret: undefined,
}
