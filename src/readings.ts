import { randomUUID } from 'node:crypto'
import { type BoundOperation, invoke } from './core/capability.ts'
import type { BusContext } from './core/context.ts'
import type { HttpServer } from './surfaces/http/server.ts'
import type { Reading, Readings } from './telemetry/metrics.ts'

/** The fields of the status that are figures of the bus, as gauges. */
const STATUS_GAUGES = [
  ['message_count', 'bus_messages', 'Messages in the log.'],
  ['pending_action_flag_count', 'bus_action_flags_pending', 'Flagged messages that nobody has acknowledged.'],
  ['active_lane_count', 'bus_lanes_held', 'Lanes that are held live.'],
  ['orphaned_claim_count', 'bus_lanes_orphaned', 'Lanes whose lease lapsed without a release.'],
  ['contended_lane_count', 'bus_lanes_contended', 'Lanes that somebody waits for.'],
  [
    'silent_lane_count',
    'bus_lanes_silent',
    'Lanes held for 10 minutes or more whose owner has posted nothing in the last 10.',
  ],
  ['waiting_count', 'bus_lane_waiters', 'Holders that wait for a lane.'],
  ['needs_you_count', 'bus_needs_you', 'What waits for a person.'],
] as const

/** What is read of a bus when somebody asks for its figures: as its status says, which is remembered. */
export function createReadings(
  operations: readonly BoundOperation[],
  context: BusContext,
  { connectionCount, streamCount }: HttpServer,
): Readings {
  return {
    counts: [
      { name: 'bus_connections', help: 'Connections that are open.', value: connectionCount() },
      { name: 'bus_streams', help: 'Streams of events that are open.', value: streamCount() },
      { name: 'bus_waits', help: 'Requests that wait for something to happen.', value: context.waits.count },
    ],
    readStore: async () => ({ counts: await readStatus(operations, context), size: await context.database.size() }),
  }
}

async function readStatus(operations: readonly BoundOperation[], context: BusContext): Promise<Reading[]> {
  const bound = operations.find(({ operation }) => operation.id === 'status.get')
  if (!bound) throw new Error('there is no operation status.get')
  const { _meta } = await invoke(bound, {}, context, { requestId: randomUUID(), signal: context.waits.stopping })
  const meta = new Map<string, unknown>(Object.entries(_meta ?? {}))
  return STATUS_GAUGES.map(([field, name, help]) => ({ name, help, value: Number(meta.get(field)) }))
}
