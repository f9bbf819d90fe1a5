import { hideCredentials } from '../../core/errors.ts'
import { STANDARD_BASE_URL } from '../../core/wire.ts'

export interface Greeting {
  readonly version: string
  readonly origin: string
  readonly apiUrl: string
  readonly mcpUrl: string
  readonly databasePlace: string
  /** There was no file: what was typed may be a mistake. */
  readonly isNew: boolean
  readonly isArmed: boolean
  /** The file that runs, as the system knows it. */
  readonly programPath: string
}

/** What `bus-mcp serve` prints once it is listening: where, with what, and what to type to connect an agent. */
export function describeBus(greeting: Greeting): string {
  const { version, origin, apiUrl, mcpUrl, databasePlace, isNew, isArmed } = greeting
  return `bus-mcp ${version} is listening on ${origin}
${describePlaces({ origin, apiUrl, mcpUrl })}
  database  ${hideCredentials(databasePlace)}${isNew ? ' (new: it was not there)' : ''}
  writes    ${isArmed ? 'need BUS_WRITE_SECRET' : 'open'}

Connect the agents of a project: type in its folder, for claude, codex, cursor, vscode or gemini${isArmed ? ', with BUS_WRITE_SECRET set' : ''},
  ${describeConnection(greeting)}
Stop with Ctrl-C.`
}

/** A socket has no address for a browser, and no client of MCP can ask it by itself. */
function describePlaces({ origin, apiUrl, mcpUrl }: Pick<Greeting, 'origin' | 'apiUrl' | 'mcpUrl'>): string {
  if (apiUrl === origin) return `  clients   BUS_MCP_BASE_URL=${origin}; no panel, for a browser cannot open a socket`
  return `  panel     ${origin}/
  API       ${apiUrl}
  MCP       ${mcpUrl}`
}

/** What `bus-mcp serve --demo` prints once it is listening: that nothing here is real, and where to look. */
export function describeDemo(greeting: Omit<Greeting, 'databasePlace' | 'isNew'>): string {
  const { version, origin, apiUrl, isArmed, programPath } = greeting
  const where = apiUrl === STANDARD_BASE_URL ? '' : ` --base-url ${apiUrl}`
  const program = `node "${programPath}"`
  return `bus-mcp ${version} is listening on ${origin}

This is a demo: synthetic agents play an afternoon in a made-up project. Nothing of it is kept.
  in the browser   ${origin}/
  in a terminal    ${program} top${where}
  as it happens    ${program} watch${where}
  the API          ${apiUrl}/status
Take part: acknowledge a flag, claim a lane${isArmed ? ' (writes need BUS_WRITE_SECRET)' : ''}, or connect an agent of yours, as in
  ${describeConnection(greeting)}
Stop with Ctrl-C.`
}

/** The line to type, in the folder of a project, to connect its agents to the bus at `apiUrl`. By the file: it is there. */
export function describeConnection({ apiUrl, programPath }: Pick<Greeting, 'apiUrl' | 'programPath'>): string {
  const where = apiUrl === STANDARD_BASE_URL ? '' : ` --base-url ${apiUrl}`
  return `node "${programPath}" connect claude --write${where}`
}
