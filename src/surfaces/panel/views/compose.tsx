import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type Draft, READ_ONLY, usePanel } from './panel.ts'

/** What was typed stays, whatever the form is opened for next. */
const typed = signal('')

const NEW: Draft = { topic: '', recipient: '', thread: 0 }

/** A word of the operator's own on the blackboard. */
export function Compose() {
  const { draft } = usePanel()
  const current = draft.value
  if (!current) {
    return (
      <p class="compose-begin">
        <button
          type="button"
          onClick={() => {
            draft.value = NEW
          }}
        >
          Post a message…
        </button>
      </p>
    )
  }
  return <ComposeForm key={JSON.stringify(current)} draft={current} />
}

function ComposeForm({ draft: { topic, recipient, thread } }: { readonly draft: Draft }) {
  const { draft, operator, mayWrite, feed, route } = usePanel()
  const body = useRef<HTMLTextAreaElement>(null)
  const form = useRef<HTMLFormElement>(null)
  const { lane } = route.value
  // Behind an open lane nothing can be typed; it is there as soon as that closes.
  useEffect(() => {
    if (lane !== undefined) return
    form.current?.scrollIntoView({ block: 'nearest' })
    body.current?.focus()
  }, [lane])
  const close = () => {
    draft.value = undefined
  }
  const post = async (fields: FormData) => {
    const text = (name: string) => String(fields.get(name) ?? '').trim()
    const isDone = await operator.act(async (client, sender) => {
      const posted = await client.messages.post({
        sender,
        topic: text('topic'),
        body: text('body'),
        action_flag: fields.get('flag') !== null,
        ...(text('recipient') === '' ? {} : { recipient: text('recipient') }),
        ...(thread === 0 ? {} : { thread_id: thread }),
      })
      feed.showOwn(posted)
    })
    if (!isDone) return
    typed.value = ''
    close()
  }
  return (
    <form
      ref={form}
      class="compose"
      aria-label="Post a message"
      onSubmit={(event) => {
        event.preventDefault()
        void post(new FormData(event.currentTarget))
      }}
      onKeyDown={({ key, ctrlKey, metaKey }) => {
        if (key === 'Escape') close()
        if (key === 'Enter' && (ctrlKey || metaKey)) form.current?.requestSubmit()
      }}
    >
      <p>
        As <strong>{operator.name}</strong>
        {thread !== 0 && <>, in the thread of #{thread}</>}
        {!mayWrite.value && <span class="quiet"> – {READ_ONLY}</span>}
      </p>
      <input name="topic" defaultValue={topic} placeholder="Topic" aria-label="Topic" maxLength={128} required />
      <input name="recipient" defaultValue={recipient} placeholder="For (anybody)" aria-label="For" maxLength={128} />
      <textarea
        ref={body}
        name="body"
        rows={3}
        placeholder="Message"
        aria-label="Message"
        required
        value={typed}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value
        }}
      />
      <label class="check">
        <input type="checkbox" name="flag" /> somebody must act
      </label>
      <span class="actions">
        <button
          type="submit"
          class="main"
          disabled={!mayWrite.value}
          title={mayWrite.value ? 'Ctrl+Enter posts, too' : READ_ONLY}
        >
          Post
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </span>
    </form>
  )
}
