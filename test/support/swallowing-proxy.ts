import type { Socket } from 'node:net'
import { COMMIT, startProxy } from './proxy.ts'

/** From when on: at once, or from the next commit on, with that kept from the server or passed on to it. */
export type SwallowFrom = 'now' | 'before a commit' | 'after a commit'

/** A network that takes packets and delivers none, as one does behind a cable that was pulled. */
export interface SwallowingProxy {
  /** The URL of the same database through it. */
  readonly url: string
  /** Nothing passes in either direction, not even the end of a connection. Resolves when that has begun. */
  swallow(from: SwallowFrom): Promise<void>
  /** Everything passes again, first what was held back. */
  goOn(): void
  /** The connections that there are end, for both sides; new ones pass. */
  cutOff(): void
  /** The connections that there are stay silent for good; new ones pass. */
  forget(): void
}

type Pair = readonly [near: Socket, far: Socket]

/** Stopped after the test. */
export async function startSwallowingProxy(proxied: string): Promise<SwallowingProxy> {
  const pairs = new Set<Pair>()
  let isSwallowing = false
  /** Set while the next commit is waited for. */
  let waiting: { readonly from: SwallowFrom; readonly begun: () => void } | undefined

  const begin = () => {
    isSwallowing = true
    for (const pair of pairs) for (const socket of pair) socket.pause()
    waiting?.begun()
    waiting = undefined
  }
  /** Forgets the pairs, and so what held them. */
  const takeAll = () => {
    isSwallowing = false
    const all = [...pairs]
    pairs.clear()
    return all
  }
  const join = (near: Socket, far: Socket) => {
    const pair: Pair = [near, far]
    pairs.add(pair)
    const isHeld = () => isSwallowing || !pairs.has(pair)
    near.on('data', (chunk: Buffer) => {
      const from = waiting && chunk.includes(COMMIT) ? waiting.from : undefined
      if (from === 'before a commit') {
        begin()
        return near.unshift(chunk)
      }
      far.write(chunk)
      if (from === 'after a commit') begin()
    })
    far.on('data', (chunk: Buffer) => near.write(chunk))
    near.on('close', () => isHeld() || far.destroySoon())
    far.on('close', () => isHeld() || near.destroySoon())
    if (isSwallowing) for (const socket of pair) socket.pause()
  }

  return {
    url: await startProxy(proxied, join),
    swallow: (from) =>
      new Promise((begun) => {
        waiting = { from, begun }
        if (from === 'now') begin()
      }),
    goOn: () => {
      isSwallowing = false
      for (const [near, far] of pairs) {
        for (const socket of [near, far]) socket.resume()
        if (near.destroyed) far.destroySoon()
        if (far.destroyed) near.destroySoon()
      }
    },
    cutOff: () => {
      for (const pair of takeAll()) for (const socket of pair) socket.destroy()
    },
    forget: () => {
      for (const pair of takeAll()) for (const socket of pair) socket.pause()
    },
  }
}
