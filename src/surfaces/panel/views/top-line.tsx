import { usePanel } from './panel.ts'

interface TileProps {
  /** The section that tells more. */
  readonly section: string
  readonly count: number | undefined
  readonly label: string
  readonly tone: 'calm' | 'watch' | 'call'
}

function Tile({ section, count, label, tone }: TileProps) {
  return (
    <li>
      <button
        type="button"
        class={`tile ${count ? tone : 'calm'}`}
        onClick={() => document.getElementById(section)?.scrollIntoView({ behavior: 'smooth' })}
      >
        <strong>{count ?? '–'}</strong> {label}
      </button>
    </li>
  )
}

/** The four numbers, of one answer of the bus. */
export function TopLine() {
  const meta = usePanel().live.attention.value?._meta
  return (
    <ul class="tiles" aria-label="At a glance">
      <Tile section="lanes" count={meta?.active_lane_count} label="active" tone="calm" />
      <Tile section="needs" count={meta?.orphaned_claim_count} label="orphaned" tone="watch" />
      <Tile section="needs" count={meta?.waiting_count} label="waiting" tone="watch" />
      <Tile section="needs" count={meta?.needs_you_count} label="needs you" tone="call" />
    </ul>
  )
}
