import { hideCredentials } from '../../core/errors.ts'
import { STANDARD_BASE_URL } from '../../core/wire.ts'

export interface Greeting {
  readonly version: string
  readonly origin: string
  readonly apiUrl: string
  readonly mcpUrl: string
  readonly databasePlace: string
  readonly isArmed: boolean
  /** The file that runs, as the system knows it. */
  readonly programPath: string
}

/** What `bus-mcp serve` prints once it is listening: where, with what, and what to type to connect an agent. */
export function describeBus(greeting: Greeting): string {
  const { version, origin, apiUrl, mcpUrl, databasePlace, isArmed } = greeting
  return `bus-mcp ${version} is listening on ${origin}
  panel     ${origin}/
  API       ${apiUrl}
  MCP       ${mcpUrl}
  database  ${hideCredentials(databasePlace)}
  writes    ${isArmed ? 'need BUS_WRITE_SECRET' : 'open'}

Connect an agent, as in
  ${describeConnection(greeting)}
Stop with Ctrl-C.`
}

/** What `bus-mcp serve --demo` prints once it is listening: that nothing here is real, and where to look. */
export function describeDemo(greeting: Omit<Greeting, 'databasePlace'>): string {
  const { version, origin, apiUrl, isArmed, programPath } = greeting
  const where = apiUrl === STANDARD_BASE_URL ? '' : ` --base-url ${apiUrl}`
  const program = describeProgramCommand(programPath)
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

/** The line to type to connect an agent to the bus at `apiUrl`. */
export function describeConnection({
  apiUrl,
  isArmed,
  programPath,
}: Pick<Greeting, 'apiUrl' | 'isArmed' | 'programPath'>): string {
  const variables = [
    'BUS_MCP_AGENT_ID=NAME',
    ...(apiUrl === STANDARD_BASE_URL ? [] : [`BUS_MCP_BASE_URL=${apiUrl}`]),
    ...(isArmed ? ['BUS_WRITE_SECRET=…'] : []),
  ]
  const environment = variables.map((variable) => `--env ${variable} `).join('')
  // Options before the name; and --env takes all that follows it, up to the next option.
  return `claude mcp add ${environment}--transport stdio bus -- ${describeProgramCommand(programPath)}`
}

/** How to start the MCP server again: by its package when it was installed as one, by its file when it was built here. */
function describeProgramCommand(programPath: string): string {
  if (!/[\\/]node_modules[\\/]/.test(programPath)) return `node "${programPath}"`
  // On Windows npx is a script, which only a shell can start.
  return process.platform === 'win32' ? 'cmd /c npx -y bus-mcp' : 'npx -y bus-mcp'
}
