import { homedir } from 'node:os'
import type { Places } from './clients.ts'

export { connect } from './connect.ts'
export { clientNames, connectFlags, describeConnect, parseConnect } from './connect-flags.ts'

/** Where the clients of this person look, in the folder where the command was typed. */
export function findPlaces(env: Places['env']): Places {
  return { home: homedir(), folder: process.cwd(), env }
}
