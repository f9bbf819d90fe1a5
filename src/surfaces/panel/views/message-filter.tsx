import { useMemo } from 'preact/hooks'
import { EVERYTHING, isEverything } from '../data/messages.ts'
import { usePanel } from './panel.ts'

/** What to look at. Each field acts when it is left or Enter is typed, so that no half a word is searched for. */
export function MessageFilterForm() {
  const { route, filterBy, go, feed } = usePanel()
  const { filter } = route.value
  const { messages } = feed.window.value
  const topics = useMemo(() => [...new Set(messages.map(({ topic }) => topic))].sort(), [messages])
  const senders = useMemo(() => [...new Set(messages.map(({ sender }) => sender))].sort(), [messages])
  return (
    <form class="filter" aria-label="Which messages" onSubmit={(event) => event.preventDefault()}>
      <Field name="topic" value={filter.topic} options={topics} onChange={(topic) => filterBy({ topic, thread: 0 })} />
      <Field
        name="sender"
        value={filter.sender}
        options={senders}
        onChange={(sender) => filterBy({ sender, thread: 0 })}
      />
      <Field name="search" value={filter.search} options={[]} onChange={(search) => filterBy({ search })} />
      <label class="check">
        <input
          type="checkbox"
          checked={filter.flagged}
          onChange={({ currentTarget }) => filterBy({ flagged: currentTarget.checked })}
        />
        flagged
      </label>
      {!isEverything(filter) && (
        <button type="button" class="link" onClick={() => go({ filter: EVERYTHING })}>
          Show all
        </button>
      )}
    </form>
  )
}

interface FieldProps {
  readonly name: string
  readonly value: string
  /** What is offered. */
  readonly options: readonly string[]
  readonly onChange: (value: string) => void
}

function Field({ name, value, options, onChange }: FieldProps) {
  return (
    <>
      <input
        type="search"
        placeholder={name}
        aria-label={name}
        value={value}
        list={options.length > 0 ? `known-${name}` : undefined}
        maxLength={200}
        autocomplete="off"
        onChange={({ currentTarget }) => onChange(currentTarget.value.trim())}
      />
      {options.length > 0 && (
        <datalist id={`known-${name}`}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  )
}
