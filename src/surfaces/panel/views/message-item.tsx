import type { Message } from '../data/messages.ts'
import { showMarks } from '../data/words.ts'
import { Body } from './body.tsx'
import { usePanel } from './panel.ts'
import { Action, FilterLink, LaneLink, Owner, TimeOfDay } from './parts.tsx'

interface MessageProps {
  readonly message: Message
  /** The address names this one. */
  readonly isMeant?: boolean
}

export function MessageItem({ message, isMeant = false }: MessageProps) {
  const { id, topic, sender, recipient, thread_id, ts, system, lane, fence } = message
  return (
    <article class={`message${isMeant ? ' meant' : ''}${isPending(message) ? ' pending' : ''}`} id={`message-${id}`}>
      <p class="message-head">
        <Owner name={sender} />
        {recipient !== undefined && <> → {showMarks(recipient)}</>}{' '}
        <FilterLink filter={{ topic }}>{showMarks(topic)}</FilterLink> {system && <span class="tag">bus</span>}
        {message.action_flag && <span class={isPending(message) ? 'tag call' : 'tag'}>action</span>}
        <span class="message-facts">
          {thread_id !== undefined && (
            <FilterLink filter={{ thread: thread_id }} title="Show the thread">
              ↳ #{thread_id}
            </FilterLink>
          )}
          {lane !== undefined && (
            <span>
              <LaneLink name={lane} /> fence {fence}
            </span>
          )}
          <FilterLink filter={{ from: id }} title="The address of this message">
            #{id}
          </FilterLink>
          <TimeOfDay moment={ts} />
        </span>
      </p>
      <Body text={message.body} />
      <Foot message={message} />
    </article>
  )
}

function isPending({ action_flag, acked_by }: Message): boolean {
  return action_flag && acked_by === undefined
}

function Foot({ message }: { readonly message: Message }) {
  const { operator, live, draft, route, go } = usePanel()
  const { id, topic, sender, thread_id, acked_by, acked_at } = message
  return (
    <p class="actions slight">
      {acked_by !== undefined && acked_at !== undefined && (
        <span class="quiet">
          acknowledged by {acked_by} at <TimeOfDay moment={acked_at} />
        </span>
      )}
      {isPending(message) && (
        <Action
          label="Acknowledge"
          name={`Acknowledge #${id}`}
          act={() =>
            operator
              .act((client, name) => client.messages.ack({ id, sender: name }))
              .then((isDone) => isDone && live.refresh())
          }
        />
      )}
      <button
        type="button"
        class="link"
        aria-label={`Reply to #${id}`}
        onClick={() => {
          draft.value = { topic, recipient: sender, thread: thread_id ?? id }
          if (route.value.lane !== undefined) go({ lane: undefined })
        }}
      >
        Reply
      </button>
    </p>
  )
}
