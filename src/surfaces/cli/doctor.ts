import { BusApiError, type BusClient, BusUnreachable, hideCredentials } from '../../client/index.ts'
import { noAnswer } from '../../core/answer-shape.ts'
import { errorKinds } from '../../core/errors.ts'
import { toSocketPath } from '../../core/wire.ts'
import { toExitCode } from './exit-code.ts'
import { describeConnection } from './greeting.ts'
import { toPlainText } from './render.ts'

export interface DoctorOptions {
  readonly client: BusClient
  readonly baseUrl: string
  readonly version: string
  readonly hasSecret: boolean
  readonly agentId: string
  /** The file that runs. */
  readonly programPath: string
  /** Why the bus cannot write, in its words; undefined when it can, and when it does not say. */
  readonly findUnready: () => Promise<string | undefined>
  readonly out: (line: string) => void
}

/** Looks at everything between an agent and its bus, changes nothing, and says what to type next. Returns the exit status. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const { client, version, hasSecret, agentId, out } = options
  const baseUrl = hideCredentials(options.baseUrl)
  const say = (mark: 'ok' | 'no' | '--', text: string) => out(`${mark}  ${toPlainText(text).replaceAll('\n', ' ')}`)
  say('--', `bus-mcp ${version} on Node ${process.versions.node}, as ${agentId}`)
  try {
    const status = await client.call('status.get', {})
    if (!Array.isArray(status.active_lanes)) throw new BusApiError(200, noAnswer)
    say('ok', `a bus answers at ${baseUrl}`)
    reportVersion(status, version, say)
    if (!(await isWriteAuthorized(client))) {
      say(
        'no',
        `the bus is armed, and ${hasSecret ? 'our BUS_WRITE_SECRET is not its own' : 'BUS_WRITE_SECRET is not set here'}`,
      )
      out('\nnext: set BUS_WRITE_SECRET to the value that the bus was started with')
      return errorKinds.unauthorized.exitCode
    }
    const unready = await options.findUnready()
    if (unready !== undefined) {
      say('no', `the bus takes no writes: ${unready}`)
      out('\nnext: see to what it says, on the machine where it runs; its log tells more')
      return errorKinds.unavailable.exitCode
    }
    say('ok', hasSecret ? 'writes are allowed with our BUS_WRITE_SECRET' : 'writes are open (the bus is not armed)')
  } catch (error) {
    const { finding, advice, exitCode } = diagnose(error, baseUrl)
    say('no', finding)
    out(`\nnext: ${advice}`)
    return exitCode
  }
  const connection = describeConnection({ apiUrl: baseUrl, programPath: options.programPath })
  out(`\nnext: connect an agent, as in ${connection}`)
  return 0
}

function adviseUnreachable({ baseUrl, reason }: BusUnreachable): string {
  if (toSocketPath(baseUrl) !== undefined)
    return 'start a bus there with "bus-mcp serve --listen", or set BUS_MCP_BASE_URL'
  if (!/^https?:\/\//.test(baseUrl)) return 'begin BUS_MCP_BASE_URL with http://, as in http://127.0.0.1:8100/api/bus'
  if (/^no answer|broke off/.test(reason))
    return 'something listens there and does not answer: restart it, or set BUS_MCP_BASE_URL'
  return 'start a bus with "bus-mcp serve", or set BUS_MCP_BASE_URL to where one runs'
}

function diagnose(error: unknown, baseUrl: string): { finding: string; advice: string; exitCode: number } {
  if (error instanceof BusUnreachable) {
    return {
      finding: error.message,
      advice: adviseUnreachable(error),
      exitCode: errorKinds.unavailable.exitCode,
    }
  }
  // Only a bus of this kind names a code. One that knows no such route was asked at the wrong path.
  const code = error instanceof BusApiError ? error.body.code : undefined
  if (error instanceof BusApiError && code !== undefined && code !== 'route_not_found') {
    return {
      finding: `the bus at ${baseUrl} refuses: ${error.message}`,
      advice: 'do what it says, and run "bus-mcp doctor" again',
      exitCode: toExitCode(error, undefined),
    }
  }
  return {
    finding: `what answers at ${baseUrl} is no bus: ${error instanceof Error ? error.message : String(error)}`,
    advice: 'set BUS_MCP_BASE_URL to the bus; it usually ends in /api/bus',
    exitCode: errorKinds.unavailable.exitCode,
  }
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
    if (!(error instanceof BusApiError)) throw error
    return error.statusCode !== errorKinds.unauthorized.status
  }
}
