import { BusApiError, type BusClient } from '../../client/index.ts'

/** Long enough for a bus that answers at all, and short for somebody who waits for a command. */
const TIME_LIMIT_MS = 2_000

/** What would keep agents from the bus as things are now, and what to do about it; undefined when nothing would. */
export async function findProblem(client: BusClient, baseUrl: string, hasSecret: boolean): Promise<string | undefined> {
  try {
    // An old bus does not say whether it is armed.
    const answer: { readonly _meta?: { readonly write_secret_required?: boolean } } = await client.status.get(
      {},
      { signal: AbortSignal.timeout(TIME_LIMIT_MS) },
    )
    if (!answer._meta?.write_secret_required || hasSecret) return undefined
    return 'The bus there is armed: set BUS_WRITE_SECRET and type this again, so that agents may write.'
  } catch (error) {
    const what = error instanceof BusApiError ? 'What answers there is no bus' : 'No bus answers there now'
    return `${what} (${baseUrl}): start one with "bus-mcp serve", or say with --base-url where it is.`
  }
}
