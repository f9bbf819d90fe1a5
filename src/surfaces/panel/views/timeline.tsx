import { signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Output } from '../../../client/index.ts'
import { toColour } from '../data/colour.ts'
import { formatRoute } from '../data/route.ts'
import { formatHour, formatTimeOfDay, toEpochMs } from '../data/time.ts'
import { type Bar, describeTenure, type Mark, type TimelineRow, toRows } from '../data/timeline.ts'
import { formatCount } from '../data/words.ts'
import { useMore } from './more.tsx'
import { usePanel } from './panel.ts'

const WINDOWS = [
  { seconds: 3_600, label: '1 hour' },
  { seconds: 86_400, label: '1 day' },
] as const

/** However much happens, the picture is drawn anew no more often. */
const REDRAW_MS = 3_000
/** Also when nothing happens: now moves on. */
const IDLE_REDRAW_MS = 30_000

const windowSeconds = signal<number>(WINDOWS[0].seconds)

/** Who held what when. */
export function Timeline() {
  const timeline = useTimeline()
  const rows = useMemo(() => (timeline ? toRows(timeline, formatTimeOfDay) : []), [timeline])
  const { count, sentinel } = useMore(rows.length, 60)
  return (
    <section id="timeline" aria-labelledby="timeline-title">
      <div class="section-head">
        <h2 id="timeline-title">Timeline</h2>
        <fieldset class="choice">
          <legend class="unseen">How far back</legend>
          {WINDOWS.map(({ seconds, label }) => (
            <button
              key={seconds}
              type="button"
              aria-pressed={windowSeconds.value === seconds}
              onClick={() => {
                windowSeconds.value = seconds
              }}
            >
              {label}
            </button>
          ))}
        </fieldset>
        {timeline?.truncated && <span class="quiet">only the newest tenures</span>}
      </div>
      {timeline && rows.length === 0 && <p class="quiet">Nothing happened.</p>}
      {timeline && rows.length > 0 && <Scale from={toEpochMs(timeline.from)} until={toEpochMs(timeline.until)} />}
      <ul class="tracks">
        {rows.slice(0, count).map((row) => (
          <Track key={row.lane} row={row} />
        ))}
      </ul>
      {sentinel}
    </section>
  )
}

function useTimeline(): Output<'lanes.timeline'> | undefined {
  const { live, operator } = usePanel()
  const timeline = useSignal<Output<'lanes.timeline'> | undefined>(undefined)
  const readAt = useRef(Number.NEGATIVE_INFINITY)
  const changes = live.changes.value
  const seconds = windowSeconds.value
  const seen = useRef(seconds)
  // Every change of a lane asks for a new picture.
  useEffect(() => {
    const isOther = seen.current !== seconds
    seen.current = seconds
    let timer: ReturnType<typeof setTimeout>
    const read = async () => {
      readAt.current = performance.now()
      try {
        timeline.value = await operator.client.value.lanes.timeline({ window_s: seconds })
      } catch {
        // The top line says that the bus is away.
      }
      timer = setTimeout(() => void read(), IDLE_REDRAW_MS)
    }
    const waitMs = isOther ? 0 : Math.max(0, readAt.current + REDRAW_MS - performance.now())
    timer = setTimeout(() => void read(), waitMs)
    return () => clearTimeout(timer)
  }, [changes, seconds])
  return timeline.value
}

const MARKS = [0, 0.25, 0.5, 0.75, 1]

function Scale({ from, until }: { readonly from: number; readonly until: number }) {
  return (
    <div class="track scale" aria-hidden="true">
      <span />
      <span class="scale-marks">
        {MARKS.map((mark) => (
          <span key={mark}>{mark === 1 ? 'now' : formatHour(from + (until - from) * mark)}</span>
        ))}
      </span>
    </div>
  )
}

/** A bar is never thinner than what can be seen and pointed at, in shares of the row. */
const MIN_WIDTH = 0.004

function Track({ row: { lane, bars, marks } }: { readonly row: TimelineRow }) {
  const { route } = usePanel()
  return (
    <li>
      <a class="track" href={formatRoute({ ...route.value, lane })} aria-label={`${lane}: ${describeRow(bars, marks)}`}>
        <span class="track-name">{lane}</span>
        <svg class="track-bars" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
          {bars.map((bar) => (
            <TenureBar key={bar.tenure.fence} bar={bar} />
          ))}
          {marks.map((mark) => (
            <rect key={mark.text} class={mark.kind} x={mark.place * 1000 - 2} width="4" height="20">
              <title>{mark.text}</title>
            </rect>
          ))}
        </svg>
      </a>
    </li>
  )
}

function TenureBar({ bar: { tenure, begin, end, lapsedFrom } }: { readonly bar: Bar }) {
  // What has just begun is seen as well, at the very end.
  const x = Math.min(begin, 1 - MIN_WIDTH) * 1000
  const width = (until: number) => Math.max(MIN_WIDTH, until - begin) * 1000
  return (
    <g>
      <rect class={`tenure owner-${toColour(tenure.owner)}`} x={x} width={width(lapsedFrom)} y="3" height="14" />
      <rect class="lapsed" x={lapsedFrom * 1000} width={(end - lapsedFrom) * 1000} y="8" height="4" />
      <rect class="hit" x={x} width={width(end)} height="20">
        <title>{describeTenure(tenure, formatTimeOfDay)}</title>
      </rect>
    </g>
  )
}

function describeRow(bars: TimelineRow['bars'], marks: readonly Mark[]): string {
  const count = (kind: Mark['kind']) => marks.filter((mark) => mark.kind === kind).length
  return [
    formatCount(bars.length, 'tenure'),
    formatCount(count('steal'), 'steal'),
    formatCount(count('refusal'), 'refusal'),
  ].join(', ')
}
