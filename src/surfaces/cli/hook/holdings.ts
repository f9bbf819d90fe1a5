import { BusApiError, type BusClient } from '../../../client/index.ts'
import { noAnswer } from '../../../core/answer-shape.ts'
import { errorKinds } from '../../../core/errors.ts'

/** A lane that somebody holds, or held until its lease was over, as this bus or one before it tells it. */
export interface Holding {
  readonly lane: string
  readonly owner: string
  /** Whether the lease still runs. */
  readonly isLive: boolean
  /** Left of the lease; undefined from a bus that does not say. */
  readonly leftMs: number | undefined
  readonly note: string | undefined
  readonly waiters: number
  readonly fence: number | undefined
}

type Fields = Readonly<Record<string, unknown>>

/** As many as a bus gives on a page. */
const PAGE = 500

/**
 * Who has a lane; undefined when nobody has.
 *
 * @throws {BusUnreachable}
 * @throws {BusApiError} Also when what answers is no bus: from that nobody may conclude that a lane is free.
 */
export async function findHolding(client: BusClient, lane: string, signal: AbortSignal): Promise<Holding | undefined> {
  try {
    const { lane: fields } = await client.call('lanes.get', { lane }, { signal })
    if (!isFields(fields) || typeof fields.state !== 'string') throw new BusApiError(200, noAnswer)
    return toHolding(fields, fields.state === 'held')
  } catch (error) {
    if (error instanceof BusApiError && error.body.code === 'lane_not_found') return undefined
    if (!isOldBus(error)) throw error
    return (await readStatus(client, signal)).holdings.find((holding) => holding.lane === lane)
  }
}

/** All that an owner holds or has let lapse. @throws As {@link findHolding}. */
export async function listHoldings(client: BusClient, owner: string, signal: AbortSignal): Promise<Holding[]> {
  try {
    const found: Holding[] = []
    let after: unknown
    do {
      const page = await client.call('lanes.list', { owner, after, limit: PAGE }, { signal })
      found.push(...toFieldsList(page.lanes).flatMap((fields) => toHolding(fields, fields.state === 'held') ?? []))
      after = page.next_after ?? undefined
    } while (after !== undefined)
    return found
  } catch (error) {
    if (!isOldBus(error)) throw error
    return (await readStatus(client, signal)).holdings.filter((holding) => holding.owner === owner)
  }
}

export interface Flag {
  readonly id: number
  readonly sender: string
  readonly recipient: string | undefined
  readonly topic: string
  readonly body: string
}

export interface Status {
  readonly holdings: readonly Holding[]
  /** Of those that nobody has acknowledged, the oldest first. */
  readonly flags: readonly Flag[]
}

/** @throws As {@link findHolding}. */
export async function readStatus(client: BusClient, signal: AbortSignal): Promise<Status> {
  const status = await client.call('status.get', {}, { signal })
  return {
    holdings: [
      ...toFieldsList(status.active_lanes).flatMap((fields) => toHolding(fields, true) ?? []),
      ...toFieldsList(status.orphaned_claims).flatMap((fields) => toHolding(fields, false) ?? []),
    ],
    flags: toFieldsList(status.pending_action_flags).map((fields) => ({
      id: Number(fields.id),
      sender: String(fields.sender),
      recipient: toText(fields.recipient),
      topic: String(fields.topic),
      body: String(fields.body),
    })),
  }
}

/** The first bus has no such route, and names no codes. */
function isOldBus(error: unknown): boolean {
  return (
    error instanceof BusApiError && error.statusCode === errorKinds.not_found.status && error.body.code === undefined
  )
}

function toHolding(fields: Fields, isLive: boolean): Holding | undefined {
  const owner = toText(fields.owner)
  if (owner === undefined) return undefined
  return {
    // The first bus calls it `lane`.
    lane: String(fields.name ?? fields.lane),
    owner,
    isLive,
    leftMs: toNumber(fields.expires_in_ms),
    note: toText(fields.note),
    waiters: toNumber(fields.waiters) ?? 0,
    fence: toNumber(fields.fence),
  }
}

function toFieldsList(value: unknown): Fields[] {
  if (!Array.isArray(value)) throw new BusApiError(200, noAnswer)
  return value.filter(isFields)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
