import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../core/context.ts'
import type { AnyOperation } from '../../core/operation.ts'
import type { Call, CallResult } from './call.ts'
import type { Resource } from './resources.ts'

/** How long one look waits for something to happen, in seconds. */
const WAIT_SECONDS = 50
/** While much happens, watchers are told so often at the most: a client reads anew after each. */
const PACE_MS = 50
/** After a failure, doubled with each in a row. */
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

/** Tells which resources change, by their URIs, while anybody wants to know. */
export interface Feed {
  /** Returns what ends it. */
  watch(onChanged: (uri: string) => void): () => void
  /** Ends it for everybody. */
  close(): void
}

/**
 * Follows the stream of events of a bus.
 *
 * @param operations All; the one that has a stream is followed.
 */
export function createFeed(
  operations: readonly AnyOperation[],
  resources: readonly Resource[],
  call: Call,
  log: Log,
): Feed {
  const watchers = new Set<(uri: string) => void>()
  let following: AbortController | undefined

  const tell = (uris: Iterable<string>) => {
    for (const uri of uris) for (const onChanged of watchers) onChanged(uri)
  }
  const stopWhenUnwatched = () => {
    if (watchers.size > 0) return
    following?.abort()
    following = undefined
  }
  return {
    watch: (onChanged) => {
      const watcher = (uri: string) => onChanged(uri)
      watchers.add(watcher)
      if (!following) {
        following = new AbortController()
        void follow(operations, resources, call, tell, following.signal).catch((error: unknown) => {
          log.error('following what changes', error)
        })
      }
      return () => {
        watchers.delete(watcher)
        stopWhenUnwatched()
      }
    },
    close: () => {
      watchers.clear()
      stopWhenUnwatched()
    },
  }
}

/** Until the signal aborts. Whatever may have been missed counts as changed. */
async function follow(
  operations: readonly AnyOperation[],
  resources: readonly Resource[],
  call: Call,
  tell: (uris: Iterable<string>) => void,
  signal: AbortSignal,
): Promise<void> {
  const operation = operations.find(({ http }) => http?.stream)
  const stream = operation?.http?.stream
  if (!operation || !stream) return
  let cursor: unknown
  let epoch: unknown
  let pauseMs = FIRST_PAUSE_MS
  let hasGap = false
  while (!signal.aborted) {
    // The first look only finds out where the stream is.
    const wait = cursor === undefined ? 0 : WAIT_SECONDS
    const input = { wait_s: wait, ...(cursor === undefined ? {} : { [stream.cursor]: cursor }) }
    const result: CallResult = await call(operation, input, signal)
    if (signal.aborted) return
    if (!result.ok || (epoch !== undefined && result.value.epoch !== epoch)) {
      cursor = undefined
      epoch = undefined
      hasGap = true
      // At its end, or without a bus: there is nothing to hurry for.
      await pause(pauseMs, signal)
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
      continue
    }
    const touched = toTouched(result.value[stream.entries], resources)
    if (hasGap) for (const uri of await listUris(resources, call)) touched.add(uri)
    hasGap = false
    pauseMs = FIRST_PAUSE_MS
    cursor = result.value[stream.nextCursor]
    epoch = result.value.epoch
    tell(touched)
    if (touched.size > 0) await pause(PACE_MS, signal)
  }
}

function toTouched(events: unknown, resources: readonly Resource[]): Set<string> {
  const all: readonly unknown[] = Array.isArray(events) ? events : []
  return new Set(
    all.flatMap((event) => {
      if (typeof event !== 'object' || event === null) return []
      return resources.flatMap((resource) => resource.findTouched({ ...event }) ?? [])
    }),
  )
}

/** Every URI that there is now, as far as lists go. */
async function listUris(resources: readonly Resource[], call: Call): Promise<string[]> {
  const lists = await Promise.all(
    resources.map(async ({ names, toUri }) => (names ? (await names.list(call)).map(toUri) : [toUri(undefined)])),
  )
  return lists.flat()
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}
