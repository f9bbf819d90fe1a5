import { BusApiError, type BusClient, BusUnreachable } from '../../client/index.ts'
import { errorKinds } from '../../core/errors.ts'
import { describeProgramCommand } from './greeting.ts'
import { toPlainText } from './render.ts'

export interface DoctorOptions {
  readonly client: BusClient
  readonly baseUrl: string
  readonly version: string
  readonly hasSecret: boolean
  readonly agentId: string
  /** The file that runs. */
  readonly programPath: string
  readonly out: (line: string) => void
}

/** Looks at everything between an agent and its bus, changes nothing, and says what to type next. Returns the exit status. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const { client, baseUrl, version, hasSecret, agentId, out } = options
  const say = (mark: 'ok' | 'no' | '--', text: string) => out(`${mark}  ${toPlainText(text)}`)
  say('--', `bus-mcp ${version} on Node ${process.versions.node}, as ${agentId}`)
  try {
    const status = await client.call('status.get', {})
    say('ok', `a bus answers at ${baseUrl}`)
    reportVersion(status, version, say)
  } catch (error) {
    if (error instanceof BusUnreachable) {
      say('no', error.message)
      out('\nnext: start a bus with "bus-mcp serve", or set BUS_MCP_BASE_URL to where one runs')
      return errorKinds.unavailable.exitCode
    }
    say('no', `what answers at ${baseUrl} is no bus: ${error instanceof Error ? error.message : String(error)}`)
    out('\nnext: set BUS_MCP_BASE_URL to the bus; it usually ends in /api/bus')
    return errorKinds.unavailable.exitCode
  }
  const mayWrite = await isWriteAuthorized(client)
  if (!mayWrite) {
    say(
      'no',
      hasSecret
        ? 'the bus is armed, and our BUS_WRITE_SECRET is not its own'
        : 'the bus is armed, and BUS_WRITE_SECRET is not set here',
    )
    out('\nnext: set BUS_WRITE_SECRET to the value that the bus was started with')
    return errorKinds.unauthorized.exitCode
  }
  say('ok', hasSecret ? 'writes are allowed with our BUS_WRITE_SECRET' : 'writes are open (the bus is not armed)')
  out(`\nnext: connect an agent, as in claude mcp add --transport stdio bus -- ${describeProgramCommand(options.programPath)}`)
  return 0
}

function reportVersion(
  status: Readonly<Record<string, unknown>>,
  version: string,
  say: (mark: 'ok' | 'no' | '--', text: string) => void,
): void {
  const meta = typeof status._meta === 'object' && status._meta !== null ? status._meta : {}
  const theirs = 'version' in meta ? String(meta.version) : undefined
  if (theirs === version) say('ok', `it has the same version, ${version}`)
  else if (theirs === undefined) say('--', 'it is an older bus, without fences, cursors and acknowledgements')
  else say('--', `it has version ${theirs}; restart the older of the two after an update`)
}

/** Asks with a write that no bus carries out, armed or not: the secret is checked before the fields, which are missing. */
async function isWriteAuthorized(client: BusClient): Promise<boolean> {
  try {
    await client.call('messages.post', {})
    return true
  } catch (error) {
    return !(error instanceof BusApiError && error.statusCode === errorKinds.unauthorized.status)
  }
}
