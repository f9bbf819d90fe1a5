import { UsageError } from '../command.ts'

/** What is to run, and with what, on the machine where the file is made. */
export interface ServicePlan {
  /** The Node that runs now, so that a service needs no PATH. */
  readonly nodePath: string
  readonly programPath: string
  /** Flags of `serve`, a word each. No secret is among them. */
  readonly flags: readonly string[]
  readonly scope: 'user' | 'system'
  /** The user's data folder: the database, the variables and the log of a user's service are in it. */
  readonly folder: string
  /** The file of the database; undefined when there is none. */
  readonly databasePath: string | undefined
  /** The socket that it listens on; undefined when it has a port. */
  readonly socketPath: string | undefined
  readonly logFile: string | undefined
  readonly home: string
  /** As Windows knows whom the service belongs to. */
  readonly user: string
}

export interface ServiceFile {
  readonly text: string
  /** What to type to install it, to see that it runs, and to take it away again. */
  readonly advice: string
}

/** Where a service finds what must not be in its file, and what it shares with nobody. */
export const VARIABLES = 'bus.env'
export const LOG = 'bus.log'

/** @throws {UsageError} For what would end a line of the file, and begin one of its own. */
export function checkPlan(plan: ServicePlan): void {
  const { nodePath, programPath, folder, databasePath, socketPath, logFile, flags } = plan
  for (const text of [nodePath, programPath, folder, databasePath, socketPath, logFile, ...flags]) {
    if (text === undefined) continue
    if (/\p{Cc}/u.test(text)) throw new UsageError(`${JSON.stringify(text)} has a control character in it`)
  }
}
