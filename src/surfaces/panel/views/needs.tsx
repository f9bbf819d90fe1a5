import type { WireLane } from '../data/lanes.ts'
import type { Message } from '../data/messages.ts'
import type { AttentionItem } from '../data/pulse.ts'
import { showMarks } from '../data/words.ts'
import { Body } from './body.tsx'
import { LeftOf } from './lanes.tsx'
import { usePanel } from './panel.ts'
import { Action, Age, FilterLink, LaneLink, Owner } from './parts.tsx'
import { Release } from './release.tsx'

/** What waits for a person, the most pressing first. */
export function Needs() {
  const { live } = usePanel()
  const attention = live.attention.value
  const items = attention?.items ?? []
  const left = (attention?._meta.needs_you_count ?? 0) - items.length
  return (
    <section id="needs" aria-labelledby="needs-title">
      <h2 id="needs-title">Needs you</h2>
      {attention && items.length === 0 && (
        <p class="all-clear">
          <strong>All clear.</strong> Nobody needs you.
        </p>
      )}
      <ul class="needs">
        {items.map((item) => (
          <li key={keyOf(item)} class={`need ${item.kind}`}>
            <Item item={item} />
          </li>
        ))}
      </ul>
      {left > 0 && <p class="quiet">and {left} more</p>}
    </section>
  )
}

function keyOf({ kind, message, lane }: AttentionItem): string {
  return `${kind} ${message?.id ?? lane?.name}`
}

function Item({ item: { kind, since, message, lane } }: { readonly item: AttentionItem }) {
  if (message) return <Flag message={message} />
  if (!lane) return null
  switch (kind) {
    case 'orphaned':
      return <Orphaned lane={lane} since={since} />
    case 'contended':
      return <Contended lane={lane} since={since} />
    default:
      return <Silent lane={lane} since={since} />
  }
}

function Flag({ message }: { readonly message: Message }) {
  const { operator, live } = usePanel()
  const { id, sender, topic, body, ts } = message
  return (
    <>
      <p class="need-head">
        <span class="tag call">action</span> <Owner name={sender} /> asks in{' '}
        <FilterLink filter={{ topic }}>{showMarks(topic)}</FilterLink> ·{' '}
        <FilterLink filter={{ from: id }}>#{id}</FilterLink> · waiting for <Age since={ts} />
      </p>
      <Body text={body} />
      <p class="actions">
        <Action
          kind="main"
          label="Acknowledge"
          name={`Acknowledge #${id} of ${sender}`}
          act={() =>
            operator
              .act((client, name) => client.messages.ack({ id, sender: name }))
              .then((isDone) => isDone && live.refresh())
          }
        />
        <Reply message={message} />
      </p>
    </>
  )
}

function Reply({ message: { id, sender, topic, thread_id } }: { readonly message: Message }) {
  const { draft } = usePanel()
  return (
    <button
      type="button"
      aria-label={`Reply to #${id} of ${sender}`}
      onClick={() => {
        draft.value = { topic, recipient: sender, thread: thread_id ?? id }
      }}
    >
      Reply
    </button>
  )
}

interface LaneProps {
  readonly lane: WireLane
  readonly since: string
}

function Orphaned({ lane, since }: LaneProps) {
  return (
    <>
      <p class="need-head">
        <span class="tag watch">orphaned</span> <LaneLink name={lane.name} /> was left by{' '}
        <Owner name={lane.owner ?? ''} />; the lease ran out <Age since={since} /> ago
      </p>
      <Note lane={lane} />
      <Release lane={lane.name} fence={lane.fence} />
    </>
  )
}

function Contended({ lane, since }: LaneProps) {
  const waiting = lane.waiters === 1 ? '1 waits' : `${lane.waiters} wait`
  return (
    <>
      <p class="need-head">
        <span class="tag watch">contended</span> {waiting} for <LaneLink name={lane.name} />, for <Age since={since} />{' '}
        now
        {lane.owner !== null && (
          <>
            ; <Owner name={lane.owner} /> holds it for another <LeftOf expiresAt={lane.expires_at} />
          </>
        )}
      </p>
      <Note lane={lane} />
      {lane.owner !== null && <Ask lane={lane.name} owner={lane.owner} />}
    </>
  )
}

function Silent({ lane, since }: LaneProps) {
  return (
    <>
      <p class="need-head">
        <span class="tag watch">silent</span> <Owner name={lane.owner ?? ''} /> holds <LaneLink name={lane.name} /> and
        has said nothing for <Age since={since} />
      </p>
      <Note lane={lane} />
      {lane.owner !== null && <Ask lane={lane.name} owner={lane.owner} />}
    </>
  )
}

/** What the owner is doing: often the reason why nobody need do anything. */
function Note({ lane: { note } }: { readonly lane: WireLane }) {
  return note === null ? null : <Body text={note} />
}

function Ask({ lane, owner }: { readonly lane: string; readonly owner: string }) {
  const { draft } = usePanel()
  return (
    <p class="actions">
      <button
        type="button"
        aria-label={`Ask ${owner} about ${lane}`}
        onClick={() => {
          draft.value = { topic: `lane:${lane}`.slice(0, 128), recipient: owner, thread: 0 }
        }}
      >
        Ask {owner}
      </button>
    </p>
  )
}
