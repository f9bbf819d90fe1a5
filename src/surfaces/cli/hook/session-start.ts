import { basename, dirname, resolve } from 'node:path'
import { hideCredentials } from '../../../client/index.ts'
import { toSeconds } from '../../../core/moment.ts'
import { type Flag, type Holding, listHoldings, readStatus } from './holdings.ts'
import { describeProblem, type HookAnswer, type HookContext, NAMELESS } from './hook.ts'
import { LANE_MAP, type LaneMap, LaneMapError, readLaneMap, standardLaneMap } from './lane-map.ts'
import { findLaneMapFile } from './places.ts'
import { fence, shorten } from './quote.ts'

/** Claude Code takes 10,000 characters, and every one of them costs the agent room. */
const ROOM = 4_000
const MOST_ENTRIES = 12

/** Says on the blackboard that the agent has begun, and tells the agent how things stand. */
export async function startSession(context: HookContext): Promise<HookAnswer> {
  const { map, problems } = readMap(context)
  if (context.agentId === undefined) problems.push(NAMELESS)
  const [announced, told] = await Promise.all([announceStart(map, context), describeBus(context)])
  problems.push(...announced, ...told.problems)
  return {
    ...(problems.length > 0 ? { systemMessage: problems.join('\n') } : {}),
    hookSpecificOutput: {
      hookEventName: 'SessionStart',
      additionalContext: [...told.lines, ...describeMap(map), ...problems].join('\n'),
    },
  }
}

/** The lane map that holds in the folder of the session. One that cannot be used is told, and nothing is announced. */
export function readMap({ event, operations }: HookContext): { map: LaneMap; problems: string[] } {
  const folder = resolve(event.cwd)
  const file = findLaneMapFile(folder, folder)
  if (file === undefined) return { map: standardLaneMap, problems: [] }
  try {
    return { map: readLaneMap(file, operations), problems: [] }
  } catch (error) {
    if (!(error instanceof LaneMapError)) throw error
    const problem = `bus-mcp: ${error.message}. Until that is mended every edit below ${basename(dirname(file))} is refused.`
    return { map: { ...standardLaneMap, announceTopic: undefined }, problems: [problem] }
  }
}

async function announceStart({ announceTopic }: LaneMap, context: HookContext): Promise<string[]> {
  const { client, agentId, event, signal } = context
  // After a compaction the same session goes on.
  if (announceTopic === undefined || agentId === undefined || event.source === 'compact') return []
  const how = event.source === undefined || event.source === 'startup' ? '' : ` (${shorten(event.source, 20)})`
  const body = `${agentId} has begun a session in ${shorten(basename(event.cwd), 80) || 'the root folder'}${how}`
  try {
    await client.messages.post({ topic: announceTopic, sender: agentId, body }, { signal })
    return []
  } catch (error) {
    return [`bus-mcp: the session was not announced: ${describeProblem(error, context)}`]
  }
}

interface Told {
  readonly lines: readonly string[]
  readonly problems: readonly string[]
}

async function describeBus(context: HookContext): Promise<Told> {
  const { client, agentId, baseUrl, signal } = context
  const who = agentId === undefined ? 'an agent without a name' : `agent "${agentId}"`
  const intro = `This session is ${who} on the coordination bus at ${hideCredentials(baseUrl)}.`
  try {
    const [{ holdings, flags }, own] = await Promise.all([
      readStatus(client, signal),
      agentId === undefined ? [] : listHoldings(client, agentId, signal),
    ])
    const others = holdings.filter(({ owner, isLive }) => isLive && owner !== agentId)
    const mine = flags.filter(({ recipient }) => recipient !== undefined && recipient === agentId)
    const rest = flags.filter((flag) => !mine.includes(flag))
    const rows = [...own.map(toOwnRow), ...mine.map(toFlagRow), ...others.map(toOtherRow), ...rest.map(toFlagRow)]
    const held = own.filter(({ isLive }) => isLive).length
    const counts = [
      `Lanes: ${held} held by it, ${own.length - held} that it let lapse, ${others.length} held by others.`,
      `Action flags that wait: ${flags.length}, of them for it: ${mine.length}.`,
    ].join(' ')
    return { lines: [intro, counts, ...(rows.length > 0 ? [fence(rows, ROOM)] : [])], problems: [] }
  } catch (error) {
    const problem = `bus-mcp: ${describeProblem(error, context)}. Nothing is known of lanes and messages now.`
    return { lines: [intro], problems: [problem] }
  }
}

function toOwnRow({ lane, isLive, leftMs, fence: number, note }: Holding) {
  return {
    [isLive ? 'you_hold' : 'you_let_lapse']: shorten(lane, 128),
    ...toDetails({ leftMs: isLive ? leftMs : undefined, note }),
    ...(number === undefined ? {} : { fence: number }),
  }
}

function toOtherRow({ lane, owner, leftMs, note, waiters }: Holding) {
  return {
    lane: shorten(lane, 128),
    held_by: shorten(owner, 128),
    ...toDetails({ leftMs, note }),
    ...(waiters > 0 ? { waiting: waiters } : {}),
  }
}

function toDetails({ leftMs, note }: Pick<Holding, 'leftMs' | 'note'>) {
  return {
    ...(leftMs === undefined ? {} : { seconds_left: toSeconds(leftMs) }),
    ...(note === undefined ? {} : { note: shorten(note, 120) }),
  }
}

function toFlagRow({ id, sender, recipient, topic, body }: Flag) {
  return {
    flag: id,
    from: shorten(sender, 128),
    ...(recipient === undefined ? {} : { to: shorten(recipient, 128) }),
    topic: shorten(topic, 128),
    asks: shorten(body, 200),
  }
}

/** What the agent may claim beforehand, instead of being refused. */
function describeMap({ entries }: LaneMap): string[] {
  if (entries.length === 0) return []
  const shown = entries
    .slice(0, MOST_ENTRIES)
    .map(
      ({ glob, lane, isRequired }) => `  ${shorten(glob, 120)} -> ${lane}${isRequired ? ' (must be held first)' : ''}`,
    )
  const omitted = entries.length - shown.length
  return [
    `In this repository ${LANE_MAP} ties paths to lanes; an edit is refused while another agent holds the lane:`,
    ...shown,
    ...(omitted > 0 ? [`  and ${omitted} more in ${LANE_MAP}`] : []),
  ]
}
