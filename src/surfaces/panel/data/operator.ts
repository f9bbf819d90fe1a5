import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { BusApiError, type BusClient, createBusClient, createFetchTransport } from '../../../client/index.ts'
import type { Attention } from './pulse.ts'

/** The person at the panel: under which name they act, and whether they may. */
export interface Operator {
  readonly client: ReadonlySignal<BusClient>
  readonly name: ReadonlySignal<string>
  rename(name: string): void
  /** Kept in memory only: gone with the page. */
  readonly secret: Signal<string>
  /** Why the last change failed, for people; empty when it did not. */
  readonly problem: Signal<string>
  /** Makes a change; what it fails with is shown. @returns Whether it was made. */
  act(change: (client: BusClient, name: string) => Promise<unknown>): Promise<boolean>
}

const NAME_KEY = 'bus-mcp.operator'
const STANDARD_NAME = 'operator'

export function createOperator(baseUrl: string): Operator {
  const name = signal(readName())
  const secret = signal('')
  const problem = signal('')
  const transport = createFetchTransport()
  const client = computed(() => createBusClient({ baseUrl, transport, writeSecret: secret.value || undefined }))
  return {
    ...{ client, name, secret, problem },
    rename: (wanted) => {
      name.value = wanted.trim() || STANDARD_NAME
      keepName(name.value)
    },
    act: async (change) => {
      try {
        await change(client.value, name.value)
        problem.value = ''
        return true
      } catch (error) {
        if (error instanceof BusApiError && error.statusCode === 401) secret.value = ''
        problem.value = describe(error)
        return false
      }
    },
  }
}

/** Whether changes can be made from here: the bus is open, or the secret was given. */
export function mayWrite(attention: Attention | undefined, secret: string): boolean {
  return attention !== undefined && (!attention._meta.write_secret_required || secret !== '')
}

function describe(error: unknown): string {
  if (error instanceof BusApiError && error.statusCode === 401)
    return 'The bus refused the write secret. Give it again.'
  return error instanceof Error ? error.message : String(error)
}

// A browser may forbid a page to keep anything; then the name lasts as long as the page.
function readName(): string {
  try {
    return localStorage.getItem(NAME_KEY) || STANDARD_NAME
  } catch {
    return STANDARD_NAME
  }
}

function keepName(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name)
  } catch {}
}
