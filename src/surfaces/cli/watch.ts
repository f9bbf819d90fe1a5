import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError, type BusClient, BusUnreachable, type Input, type Output } from '../../client/index.ts'
import { toTimeOfDay } from '../../core/moment.ts'
import { describeConnectionFlags, type Flag, parseTextFlags, UsageError } from './command.ts'
import { toPlainText } from './render.ts'

type Event = Output<'events.read'>['events'][number]

export interface WatchOptions {
  readonly client: BusClient
  /** What to look at, and from where on. */
  readonly filter: Input<'events.read'>
  readonly json: boolean
  readonly out: (text: string) => void
  /** What is not an event: that the bus went away, and came back. */
  readonly say: (text: string) => void
  /** Ends it. */
  readonly signal: AbortSignal
  /** How long to leave a bus alone that is away, in milliseconds. */
  readonly retryMs?: number
}

/** The longest that one call waits; the bus allows 55 s. */
const WAIT_SECONDS = 50

const RETRY_MS = 2_000

/**
 * Prints what happens on the bus, each event once and in its order, until the signal. A bus that goes away is awaited.
 *
 * @throws {BusUnreachable} When there is none at the beginning.
 * @throws {BusApiError}
 */
export async function watch({ retryMs = RETRY_MS, ...options }: WatchOptions): Promise<void> {
  const { client, filter, signal, say } = options
  // The first answer only says where to begin.
  let page = await client.events.read(filter, { signal })
  let isAway = false
  print(options, page)
  while (!signal.aborted) {
    try {
      const next = await client.events.read(
        { ...filter, since_id: page.next_since_id, wait_s: WAIT_SECONDS },
        { signal },
      )
      if (isAway) say('the bus is back')
      isAway = false
      if (next.epoch !== page.epoch) say('this is another log than before')
      page = next
      print(options, page)
    } catch (error) {
      if (signal.aborted) return
      if (hasGone(error)) {
        if (!isAway) say(`${error.message}; waiting for it`)
        isAway = true
        await sleep(retryMs, undefined, { signal }).catch(() => {})
      } else if (hasExpired(error)) {
        say(error.message)
        page = await client.events.read({ ...filter, since_id: undefined }, { signal })
      } else throw error
    }
  }
}

function print({ json, out }: WatchOptions, { events }: Output<'events.read'>): void {
  for (const event of events) out(json ? JSON.stringify(event) : toLine(event))
}

function hasGone(error: unknown): error is BusUnreachable | BusApiError {
  return error instanceof BusUnreachable || (error instanceof BusApiError && error.statusCode === 503)
}

function hasExpired(error: unknown): error is BusApiError {
  return error instanceof BusApiError && error.body.code === 'cursor_expired'
}

/** One event as one line: when, where, and what somebody did. */
export function toLine({ at, kind, message, lane, change }: Event): string {
  const [place, what] =
    kind === 'lane' ? [lane, describeChange(change)] : [message?.topic, describeMessage(kind, message)]
  return `${toTimeOfDay(at)}  ${toOneLine(place ?? '')}  ${toOneLine(what)}`
}

function describeMessage(kind: Event['kind'], message: Event['message']): string {
  if (!message) return ''
  if (kind === 'ack') return `${message.acked_by} acknowledged #${message.id}`
  const to = message.recipient === undefined ? '' : ` -> ${message.recipient}`
  return `#${message.id} ${message.sender}${to}${message.action_flag ? ' [action]' : ''}: ${message.body}`
}

/** What somebody did to the lane, in the past tense. */
const DEEDS: Readonly<Record<NonNullable<Event['change']>['event'], string>> = {
  claim: 'claimed it',
  steal: 'took it over',
  renew: 'renewed it',
  heartbeat: 'renewed it',
  release: 'released it',
  clear: 'cleared it',
  credit: 'keeps it for a while after an outage',
}

function describeChange(change: Event['change']): string {
  if (!change) return ''
  const { owner, event, from, fence, lease_s } = change
  const lease = lease_s === null || event === 'credit' ? '' : ` for ${lease_s} s`
  return `${owner} ${DEEDS[event]}${from === null ? '' : ` from ${from}`}${lease} (fence ${fence})`
}

function toOneLine(text: string): string {
  return toPlainText(text).replaceAll('\n', ' ⏎ ')
}

const KINDS = ['message', 'ack', 'lane'] as const

export const watchFlags: readonly Flag[] = [
  {
    name: 'topic',
    takes: 'TOPIC',
    description: 'Only messages and acknowledgements of this topic; with --lane, either.',
  },
  { name: 'lane', takes: 'LANE', description: 'Only changes of this lane; with --topic, either.' },
  { name: 'kind', takes: KINDS.join('|'), description: 'Only message, ack or lane.' },
  {
    name: 'since-id',
    takes: 'NUMBER',
    description: 'Begin after this event; 0 for all that there are. Standard: from now on.',
  },
  { name: 'json', takes: undefined, description: 'Each event as one line of JSON, as in docs/reference/http.md.' },
]

interface ParsedWatch extends Pick<WatchOptions, 'filter' | 'json'> {
  readonly connection: Readonly<Record<string, string | undefined>>
}

/** @throws {UsageError} */
export function parseWatch(args: readonly string[], connectionFlags: readonly string[]): ParsedWatch {
  const texts = args.filter((arg) => arg !== '--json')
  const {
    topic,
    lane,
    kind,
    'since-id': since,
    ...connection
  } = parseTextFlags(texts, [...watchFlags.flatMap(({ name, takes }) => (takes ? [name] : [])), ...connectionFlags])
  const knownKind = KINDS.find((known) => known === kind)
  if (kind !== knownKind) throw new UsageError(`--kind must be ${KINDS.join(', ')}`)
  if (since !== undefined && !/^\d{1,15}$/.test(since)) throw new UsageError('--since-id must be an integer')
  const filter = { topic, lane, kind: knownKind, since_id: since === undefined ? undefined : Number(since) }
  return { filter, json: args.includes('--json'), connection }
}

/** The help text. */
export function describeWatch(connectionFlags: readonly string[]): string {
  return [
    'Print what happens on the bus, as it happens. Ctrl-C ends it.',
    '',
    '  bus-mcp watch [--topic TOPIC] [--lane LANE] [--kind KIND] [--since-id NUMBER] [--json]',
    '',
    ...watchFlags.map(({ name, description }) => `  --${name.padEnd(8)}  ${description}`),
    '',
    describeConnectionFlags(connectionFlags),
  ].join('\n')
}
