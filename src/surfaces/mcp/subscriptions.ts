import type { Feed } from './feed.ts'
import { findResource, type Resource } from './resources.ts'

/** What one client wants to be told of. */
export interface Subscriptions {
  /** @returns False when no resource has such a URI. */
  add(uri: string): boolean
  delete(uri: string): void
  close(): void
}

/**
 * Follows the feed while the client wants to be told of anything.
 *
 * @param send Tells of a change, under the URI that the client named.
 */
export function createSubscriptions(
  feed: Feed,
  resources: readonly Resource[],
  send: (uri: string) => void,
): Subscriptions {
  /** By the URI that the feed tells: those that the client named, which may be encoded in another way. */
  const named = new Map<string, Set<string>>()
  let unwatch: (() => void) | undefined

  const stopWhenEmpty = () => {
    if (named.size > 0) return
    unwatch?.()
    unwatch = undefined
  }
  return {
    add: (uri) => {
      const found = findResource(resources, uri)
      if (!found) return false
      named.set(found.uri, new Set([...(named.get(found.uri) ?? []), uri]))
      unwatch ??= feed.watch((changed) => named.get(changed)?.forEach(send))
      return true
    },
    delete: (uri) => {
      const found = findResource(resources, uri)
      const uris = named.get(found?.uri ?? '')
      if (!found || !uris) return
      uris.delete(uri)
      if (uris.size === 0) named.delete(found.uri)
      stopWhenEmpty()
    },
    close: () => {
      named.clear()
      stopWhenEmpty()
    },
  }
}
