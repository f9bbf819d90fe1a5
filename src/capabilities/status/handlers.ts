import type { Handler, TextHandler } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import { type Lane, selectContendedLanes, selectLanesNamed, toWireLane, writeLane } from '../lanes/index.ts'
import { EVERY_MESSAGE, readNewest } from '../log/index.ts'
import { toWireMessage, writeMessage } from '../messages/index.ts'
import type * as contract from './contract.ts'
import { buildMeta } from './meta.ts'
import { MAX_LISTED, type Overview, readOverview } from './overview.ts'
import { toFlagItem, toLaneItem, toSilentItem } from './wire.ts'

const MAX_RECENT = 10
export const get: Handler<typeof contract.get> = async ({ context }) => {
  const { overview, recent, now } = await look(context)
  const show = (lane: Lane) => toWireLane(lane, now, countOf(overview, lane))
  return {
    active_lanes: overview.held.map(show),
    orphaned_claims: overview.orphaned.map(show),
    recent_messages: recent.map(toWireMessage),
    pending_action_flags: overview.pending.map(toWireMessage),
    _meta: buildMeta(overview, context, now),
  }
}

export const writeGet: TextHandler<typeof contract.get> = async ({ context }) => {
  const { overview, recent, now } = await look(context)
  const write = (lane: Lane) => writeLane(lane, now, countOf(overview, lane))
  return [
    `{"active_lanes":[${overview.held.map(write).join(',')}]`,
    `"orphaned_claims":[${overview.orphaned.map(write).join(',')}]`,
    `"recent_messages":[${recent.map(writeMessage).join(',')}]`,
    `"pending_action_flags":[${overview.pending.map(writeMessage).join(',')}]`,
    `"_meta":${JSON.stringify(buildMeta(overview, context, now))}}`,
  ].join(',')
}

function look({ database }: Context) {
  return database.read(async (reader) => {
    const now = await reader.now()
    return {
      now,
      overview: await readOverview(reader, now),
      recent: await readNewest(reader, EVERY_MESSAGE, MAX_RECENT),
    }
  })
}

function countOf({ waiters }: Overview, { name }: Lane): number {
  return waiters.get(name) ?? 0
}

export const attention: Handler<typeof contract.attention> = ({ context }) =>
  context.database.read(async (reader) => {
    const now = await reader.now()
    const overview = await readOverview(reader, now)
    const { pending, orphaned, silent } = overview
    const contended = await selectContendedLanes(reader, now, MAX_LISTED)
    const silentLanes = await selectLanesNamed(
      reader,
      silent.slice(0, MAX_LISTED).map(({ name }) => name),
    )
    const lanesByName = new Map(silentLanes.map((lane) => [lane.name, lane]))
    const show = (lane: Lane) => toWireLane(lane, now, countOf(overview, lane))
    return {
      items: [
        ...pending.map(toFlagItem),
        ...orphaned.flatMap((lane) => (lane.tenure ? toLaneItem('orphaned', lane.tenure.expiresAt, show(lane)) : [])),
        ...contended.map(({ lane, since }) => toLaneItem('contended', since, show(lane))),
        ...silent.flatMap(({ name, since, lastPostAt }) => {
          const lane = lanesByName.get(name)
          return lane ? toSilentItem(since, lastPostAt, show(lane)) : []
        }),
      ],
      _meta: buildMeta(overview, context, now),
    }
  })
