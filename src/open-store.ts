import { capabilities } from './capabilities/index.ts'
import { joinOnOutage } from './core/capability.ts'
import type { Database } from './core/database.ts'
import type { StoreOptions } from './store/index.ts'

export interface OpenOptions extends Omit<StoreOptions, 'migrations' | 'onOutage' | 'isPatient' | 'isForService'> {
  /** Whether a bus is to serve it; whoever only carries the data elsewhere changes nothing. */
  readonly forService: boolean
}

/** Opens the store with the tables of all capabilities, and loads no more than that. */
export async function openStore({ forService, ...options }: OpenOptions): Promise<Database> {
  const { openDatabase } = await import('./store/index.ts')
  return openDatabase({
    ...options,
    isForService: forService,
    migrations: capabilities.flatMap(({ migrations }) => migrations),
    ...(forService ? { onOutage: joinOnOutage(capabilities) } : { isPatient: true }),
  })
}
