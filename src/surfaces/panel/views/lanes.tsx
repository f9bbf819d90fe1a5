import { useComputed, useSignal } from '@preact/signals'
import { listLanes, type PanelLane, stateOf } from '../data/lanes.ts'
import { formatDuration, formatLeft, toEpochMs } from '../data/time.ts'
import { useMore } from './more.tsx'
import { usePanel } from './panel.ts'
import { LaneLink, Owner } from './parts.tsx'

/** Who holds what, and for how long still. */
export function Lanes() {
  const { live, now } = usePanel()
  const text = useSignal('')
  const showsFree = useSignal(false)
  const listed = useComputed(() =>
    listLanes(live.lanes.value, { text: text.value, showsFree: showsFree.value }, now.value),
  )
  const lanes = listed.value
  const { count, sentinel } = useMore(lanes.length, 100)
  return (
    <section id="lanes" aria-labelledby="lanes-title">
      <div class="section-head">
        <h2 id="lanes-title">Lanes</h2>
        <input
          type="search"
          placeholder="Lane or owner"
          aria-label="Show only lanes with this in their name or owner"
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value
          }}
        />
        <label class="check">
          <input
            type="checkbox"
            onChange={({ currentTarget }) => {
              showsFree.value = currentTarget.checked
              if (currentTarget.checked) void live.readFree().catch(() => {})
            }}
          />
          free ones, too
        </label>
      </div>
      {lanes.length === 0 && <p class="quiet">{text.value.trim() === '' ? 'No lane is held.' : 'No lane fits.'}</p>}
      <ul class="lanes">
        {lanes.slice(0, count).map((lane) => (
          <LaneRow key={lane.name} lane={lane} />
        ))}
      </ul>
      {sentinel}
    </section>
  )
}

function LaneRow({ lane }: { readonly lane: PanelLane }) {
  const { now } = usePanel()
  const state = stateOf(lane, now.value)
  return (
    <li class={`lane ${state}`}>
      <span class="lane-main">
        <LaneLink name={lane.name} />
        {lane.owner === null ? <span class="quiet">free</span> : <Owner name={lane.owner} />}
        <Tags lane={lane} state={state} />
      </span>
      <TimeLeft lane={lane} />
      <span class="lane-facts">
        <span title="The number of the tenure">fence {lane.fence}</span>
        {lane.renewedAt !== null && (
          <span title="Since the lease was last granted">
            heartbeat {formatDuration(now.value - lane.renewedAt)} ago
          </span>
        )}
        {lane.waiters > 0 && <span>{lane.waiters} waiting</span>}
      </span>
      {lane.note !== null && <span class="lane-note">{lane.note}</span>}
    </li>
  )
}

function Tags({ lane, state }: { readonly lane: PanelLane; readonly state: string }) {
  return (
    <>
      {state === 'orphaned' && <span class="tag watch">orphaned</span>}
      {lane.waiters > 0 && <span class="tag watch">contended</span>}
      {lane.isStolen && <span class="tag">stolen</span>}
    </>
  )
}

/** The bar drains with the lease. Its text says the same. */
function TimeLeft({ lane: { expiresAt, leaseMs } }: { readonly lane: PanelLane }) {
  const { now } = usePanel()
  if (expiresAt === null) return <span class="left" />
  const leftMs = Math.max(0, expiresAt - now.value)
  const share = leaseMs > 0 ? Math.min(1, leftMs / leaseMs) : 0
  return (
    <span class="left">
      <svg class={share < 0.2 ? 'bar low' : 'bar'} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-track" width="100" height="6" rx="2" />
        <rect class="bar-fill" width={share * 100} height="6" rx="2" />
      </svg>
      <span class="left-text">{leftMs > 0 ? `${formatLeft(leftMs)} left` : 'lapsed'}</span>
    </span>
  )
}

export function LeftOf({ expiresAt }: { readonly expiresAt: string | null }) {
  const { now } = usePanel()
  return <>{expiresAt === null ? '' : formatLeft(toEpochMs(expiresAt) - now.value)}</>
}
