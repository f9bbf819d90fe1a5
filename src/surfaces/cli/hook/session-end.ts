import { BusApiError } from '../../../client/index.ts'
import { errorKinds } from '../../../core/errors.ts'
import { toExitCode } from '../exit-code.ts'
import { type Holding, listHoldings } from './holdings.ts'
import { describeProblem, type HookContext, NAMELESS } from './hook.ts'
import { shorten } from './quote.ts'
import { readMap } from './session-start.ts'

export interface Ending {
  readonly exitCode: number
  /** For the person, a line each: what could not be done. Claude Code takes nothing else of a session that ends. */
  readonly problems: readonly string[]
}

/** As many requests as an event target takes for no leak. */
const AT_ONCE = 8
const MOST_TOLD = 5

/** Releases what the agent holds, and says on the blackboard that it has ended. */
export async function endSession(context: HookContext): Promise<Ending> {
  const { map, problems } = readMap(context)
  const { agentId } = context
  if (agentId === undefined) return { exitCode: errorKinds.invalid.exitCode, problems: [...problems, NAMELESS] }
  let exitCode = problems.length > 0 ? errorKinds.invalid.exitCode : 0
  const note = (problem: string, error: unknown) => {
    problems.push(`bus-mcp: ${problem}: ${describeProblem(error, context)}`)
    exitCode = exitCode || toExitCode(error, undefined)
  }
  const released: string[] = []
  try {
    const held = await listHoldings(context.client, agentId, context.signal)
    const kept = await releaseAll(held, agentId, released, context)
    for (const { holding, error } of kept.slice(0, MOST_TOLD)) note(describeKept(holding, error, context), error)
    if (kept.length > MOST_TOLD) problems.push(`bus-mcp: ${kept.length - MOST_TOLD} more were not released`)
  } catch (error) {
    note('no lane was released, the leases will lapse', error)
  }
  try {
    if (map.announceTopic !== undefined) await announceEnd(map.announceTopic, agentId, released, context)
  } catch (error) {
    note('the end was not announced', error)
  }
  return { exitCode, problems }
}

interface Kept {
  readonly holding: Holding
  readonly error: unknown
}

/** Each with its fence: what somebody else has claimed since then stays as it is. */
async function releaseAll(
  held: readonly Holding[],
  owner: string,
  released: string[],
  { client, session, signal }: HookContext,
): Promise<Kept[]> {
  const kept: Kept[] = []
  for (let first = 0; first < held.length; first += AT_ONCE) {
    await Promise.all(
      held.slice(first, first + AT_ONCE).map(async (holding) => {
        const { lane, fence } = holding
        try {
          await client.lanes.release({ lane, owner, session, fence }, { signal })
          released.push(lane)
        } catch (error) {
          kept.push({ holding, error })
        }
      }),
    )
  }
  return kept
}

function describeKept({ lane }: Holding, error: unknown, { session }: HookContext): string {
  const isTwin = error instanceof BusApiError && error.body.code === 'lane_held' && session === undefined
  const advice = isTwin ? ' (give the MCP server and the hooks one BUS_MCP_SESSION)' : ''
  return `lane ${shorten(lane, 128)} was not released, its lease will lapse${advice}`
}

async function announceEnd(topic: string, agentId: string, released: readonly string[], context: HookContext) {
  const { client, event, signal } = context
  const why = event.reason === undefined ? '' : ` (${shorten(event.reason, 40)})`
  const what = released.length === 0 ? '' : `; released ${shorten(released.toSorted().join(', '), 400)}`
  await client.messages.post(
    { topic, sender: agentId, body: `${agentId} has ended its session${why}${what}` },
    { signal },
  )
}
