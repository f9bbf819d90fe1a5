import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../core/context.ts'
import type { AnyOperation, StreamSpec } from '../../core/operation.ts'
import type { Call } from './call.ts'
import type { Resource } from './resources.ts'

/** How long one look waits for something to happen, in seconds. */
const WAIT_SECONDS = 50
/**
 * From one look to the next: while much happens, watchers are told so often at the most, for a client reads anew after
 * each; and what answers without waiting is not asked without end.
 */
const PACE_MS = 50
/** After a failure, doubled with each in a row. */
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

/** Tells which resources change, by their URIs, while anybody wants to know. */
export interface Feed {
  /** Returns what ends it. Whatever may have been missed counts as changed, also before the first look. */
  watch(onChanged: (uri: string) => void): () => void
  /** Ends it for everybody and for good; resolves when nothing is asked any more. */
  close(): Promise<void>
}

/** Where the stream was read up to, and of which log. */
interface Position {
  readonly cursor: unknown
  readonly epoch: unknown
}

/**
 * Follows the stream of events of a bus.
 *
 * @param operations All; the one that has a stream is followed.
 * @throws {Error} When none has: a fault of a contract.
 */
export function createFeed(
  operations: readonly AnyOperation[],
  resources: readonly Resource[],
  call: Call,
  log: Log,
): Feed {
  const operation = operations.find(({ http }) => http?.stream)
  const stream = operation?.http?.stream
  if (!operation || !stream) throw new Error('there is no operation that has a stream')
  const watchers = new Set<(uri: string) => void>()
  let following: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined
  let isClosed = false

  /** Undefined when nobody knows where the stream is: then whatever there is counts as changed once it is known again. */
  const look = async (position: Position | undefined, signal: AbortSignal): Promise<Position | undefined> => {
    const input = position ? { wait_s: WAIT_SECONDS, [stream.cursor]: position.cursor } : { wait_s: 0 }
    const result = await call(operation, input, signal)
    const page = result.ok ? toPage(result.value, stream) : undefined
    if (!page || (position && position.epoch !== page.position.epoch)) return undefined
    // What happened between a subscription and the first look was missed as well.
    const missed = position ? [] : await listUris(resources, call, signal)
    if (signal.aborted) return undefined
    for (const uri of new Set([...missed, ...toTouched(page.entries, resources)])) {
      for (const onChanged of watchers) onChanged(uri)
    }
    return page.position
  }

  const follow = async (signal: AbortSignal): Promise<void> => {
    let position: Position | undefined
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      position = await look(position, signal).catch((error: unknown) => {
        log.error('following what changes', error)
        return undefined
      })
      // Without a bus, or with one that has no stream, there is nothing to hurry for.
      await pause(position ? PACE_MS : pauseMs, signal)
      pauseMs = position ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS)
    }
  }

  const stop = async () => {
    const stopped = following
    following = undefined
    stopped?.abort.abort()
    await stopped?.ended
  }
  return {
    watch: (onChanged) => {
      if (isClosed) return () => {}
      // One of its own for each, so that whoever watches twice can end one.
      const watcher = (uri: string) => onChanged(uri)
      watchers.add(watcher)
      if (!following) {
        const abort = new AbortController()
        following = { abort, ended: follow(abort.signal) }
      }
      return () => {
        watchers.delete(watcher)
        if (watchers.size === 0) void stop()
      }
    },
    close: () => {
      isClosed = true
      watchers.clear()
      return stop()
    },
  }
}

/** Undefined for the answer of what is no bus: with its cursor nobody gets on. */
function toPage(
  answer: Readonly<Record<string, unknown>>,
  { entries, nextCursor }: StreamSpec,
): { readonly entries: readonly unknown[]; readonly position: Position } | undefined {
  const found = answer[entries]
  const cursor = answer[nextCursor]
  if (!Array.isArray(found) || !Number.isInteger(cursor)) return undefined
  return { entries: found, position: { cursor, epoch: answer.epoch } }
}

function toTouched(events: readonly unknown[], resources: readonly Resource[]): string[] {
  return events.flatMap((event) => {
    if (typeof event !== 'object' || event === null) return []
    return resources.flatMap((resource) => resource.findTouched({ ...event }) ?? [])
  })
}

/** Every URI that there is now, as far as lists go. */
async function listUris(resources: readonly Resource[], call: Call, signal: AbortSignal): Promise<string[]> {
  const lists = await Promise.all(
    resources.map(async ({ names, toUri }) =>
      names ? (await names.list(call, signal)).map(toUri) : [toUri(undefined)],
    ),
  )
  return lists.flat()
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}
