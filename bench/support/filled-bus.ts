import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fillFile } from './fill.ts'
import type { BusPlace, Workplace } from './servers.ts'

/** Starts a bus with a past: so many messages in 1,000 topics, and so many lanes that are held. */
export async function startFilledBus(
  workplace: Workplace,
  past: { readonly messages: number; readonly lanes: number },
): Promise<BusPlace & { readonly fileBytes: number }> {
  const file = `bus-${past.messages}-${past.lanes}.db`
  // The bus makes its tables itself.
  await (await workplace.startBus(file)).stop()
  await fillFile(join(workplace.folder, file), past)
  const { size } = statSync(join(workplace.folder, file))
  return { ...(await workplace.startBus(file)), fileBytes: size }
}
