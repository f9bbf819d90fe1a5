import { type BusClient, createBusClient } from './client/index.ts'
import type { ClientConfig } from './config.ts'

/** The client of the bus that the settings name. */
export function createClient({ baseUrl, timeoutSeconds, writeSecret }: ClientConfig): BusClient {
  return createBusClient({ baseUrl, timeoutMs: timeoutSeconds * 1000, writeSecret })
}
