import { type BusClient, createBusClient, findUnready as findUnreadyAt } from './client/index.ts'
import type { ClientConfig } from './config.ts'

/** The client of the bus that the settings name. */
export function createClient({ baseUrl, timeoutSeconds, writeSecret }: ClientConfig): BusClient {
  return createBusClient({ baseUrl, timeoutMs: timeoutSeconds * 1000, writeSecret })
}

/** Why that bus cannot write; undefined when it can or does not say. */
export function findUnready({ baseUrl, timeoutSeconds }: ClientConfig): Promise<string | undefined> {
  return findUnreadyAt(baseUrl, timeoutSeconds * 1000)
}
