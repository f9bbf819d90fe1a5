import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { checkDatabase } from '../../src/inspect.ts'
import { createTempFolder } from '../support/bus.ts'

/**
 * What `bus-mcp check` says of a copy of the files that a bus left, so that the bus itself meets them untouched: `ok`, or what is
 * wrong with the file, the log or the lanes.
 */
export async function checkIntegrity(folder: string): Promise<string> {
  const copy = join(createTempFolder(), 'copy')
  cpSync(folder, copy, { recursive: true })
  const wrong = await checkDatabase(join(copy, 'bus.db'), () => {})
  return wrong.map(({ name, violations }) => `${name}: ${violations.join('; ')}`).join('\n') || 'ok'
}
