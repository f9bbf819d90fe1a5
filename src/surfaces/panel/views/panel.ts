import type { ReadonlySignal, Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Feed } from '../data/feed.ts'
import type { Live } from '../data/live.ts'
import type { MessageFilter } from '../data/messages.ts'
import type { Operator } from '../data/operator.ts'
import type { Route } from '../data/route.ts'
import type { BusClock } from '../data/time.ts'

/** Why a button does nothing. */
export const READ_ONLY = 'Read-only: give the write secret first'

/** A message that is being written, as far as a button has begun it. */
export interface Draft {
  readonly topic: string
  readonly recipient: string
  readonly thread: number
}

/** What every part of the page may use. */
export interface Panel {
  readonly live: Live
  readonly feed: Feed
  readonly operator: Operator
  readonly clock: BusClock
  /** The bus's clock, once a second. */
  readonly now: ReadonlySignal<number>
  readonly mayWrite: ReadonlySignal<boolean>
  readonly route: ReadonlySignal<Route>
  /** Undefined while nothing is being written. */
  readonly draft: Signal<Draft | undefined>
  /** Changes the address, and with it what is shown. */
  go(route: Partial<Route>): void
  filterBy(change: Partial<MessageFilter>): void
}

export const PanelContext = createContext<Panel | undefined>(undefined)

export function usePanel(): Panel {
  const panel = useContext(PanelContext)
  if (!panel) throw new Error('every part is shown within the panel')
  return panel
}
