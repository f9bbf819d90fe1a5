import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { toColour } from '../data/colour.ts'
import type { MessageFilter } from '../data/messages.ts'
import { EVERYTHING } from '../data/messages.ts'
import { formatRoute } from '../data/route.ts'
import { formatDuration, formatMoment, formatTimeOfDay, toEpochMs } from '../data/time.ts'
import { showMarks } from '../data/words.ts'
import { READ_ONLY, usePanel } from './panel.ts'

/** Who, in the colour that is theirs everywhere. */
export function Owner({ name }: { readonly name: string }) {
  return <span class={`owner owner-${toColour(name)}`}>{showMarks(name)}</span>
}

/** Opens a lane; an address that can be sent to somebody. */
export function LaneLink({ name }: { readonly name: string }) {
  const { route } = usePanel()
  return (
    <a class="lane-name" href={formatRoute({ ...route.value, lane: name })}>
      {name}
    </a>
  )
}

interface FilterLinkProps {
  readonly filter: Partial<MessageFilter>
  readonly title?: string
  readonly children: ComponentChildren
}

/** Shows only such messages, and nothing else that was asked for before. */
export function FilterLink({ filter, title, children }: FilterLinkProps) {
  return (
    <a href={formatRoute({ lane: undefined, filter: { ...EVERYTHING, ...filter } })} title={title}>
      {children}
    </a>
  )
}

/** How long ago, once a second; the moment itself when it is pointed at. */
export function Age({ since }: { readonly since: string }) {
  const { now } = usePanel()
  const at = toEpochMs(since)
  return (
    <time dateTime={since} title={formatMoment(at)} class="age">
      {formatDuration(now.value - at)}
    </time>
  )
}

/** With the day as well for what is older than most of one. */
const TODAY_MS = 20 * 3_600_000

export function TimeOfDay({ moment }: { readonly moment: string }) {
  const { clock } = usePanel()
  const at = toEpochMs(moment)
  const format = clock.now() - at > TODAY_MS ? formatMoment : formatTimeOfDay
  return (
    <time dateTime={moment} title={formatMoment(at)}>
      {format(at)}
    </time>
  )
}

interface ActionProps {
  readonly label: string
  /** For those who do not see what the button belongs to. */
  readonly name: string
  /** @returns Whether it was done. */
  readonly act: () => Promise<unknown>
  readonly kind?: 'main' | 'plain'
}

/** A button that changes something on the bus: once at a time, and only where it may. */
export function Action({ label, name, act, kind = 'plain' }: ActionProps) {
  const { mayWrite } = usePanel()
  const [isBusy, setBusy] = useState(false)
  const isLocked = !mayWrite.value
  return (
    <button
      type="button"
      class={kind}
      disabled={isBusy || isLocked}
      aria-label={name}
      title={isLocked ? READ_ONLY : name}
      onClick={() => {
        setBusy(true)
        void act().finally(() => setBusy(false))
      }}
    >
      {label}
    </button>
  )
}
