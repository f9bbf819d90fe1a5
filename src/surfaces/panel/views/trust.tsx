import { useRef, useState } from 'preact/hooks'
import { formatDuration } from '../data/time.ts'
import { usePanel } from './panel.ts'

/** Whether what is shown can be believed, who acts, and whether they may. */
export function Trust() {
  const { live, operator } = usePanel()
  const meta = live.attention.value?._meta
  return (
    <div class="trust">
      <LinkState />
      <details class="settings">
        <summary>{describeWrites(meta?.write_secret_required, operator.secret.value)}</summary>
        <div class="sheet">
          <NameField />
          {meta?.write_secret_required && <SecretField />}
          {meta && <p class="quiet">bus-mcp {meta.version}</p>}
        </div>
      </details>
    </div>
  )
}

function LinkState() {
  const { live, now } = usePanel()
  // The clock moves the age on, also while nothing comes.
  void now.value
  const { state, answeredAt } = live.link.value
  const text = {
    live: 'live',
    connecting: 'connecting…',
    lost: `disconnected, showing data ${formatDuration(performance.now() - answeredAt)} old`,
  }[state]
  return (
    <p class={`connection ${state}`} role="status">
      {text}
    </p>
  )
}

function describeWrites(isArmed: boolean | undefined, secret: string): string {
  if (isArmed === undefined) return '…'
  if (!isArmed) return 'writes open'
  return secret === '' ? 'read-only' : 'armed, secret given'
}

function NameField() {
  const { operator } = usePanel()
  return (
    <label>
      Your name on the bus
      <input
        value={operator.name}
        maxLength={128}
        autocomplete="off"
        onChange={({ currentTarget }) => operator.rename(currentTarget.value)}
      />
    </label>
  )
}

function SecretField() {
  const { operator } = usePanel()
  const [isWrong, setWrong] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  if (operator.secret.value !== '') {
    return (
      <p>
        The secret is kept in memory only.{' '}
        <button
          type="button"
          onClick={() => {
            operator.secret.value = ''
          }}
        >
          Forget it
        </button>
      </p>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        const given = field.current?.value ?? ''
        // What an HTTP header cannot carry is no secret of any bus.
        const isUsable = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(given)
        setWrong(!isUsable)
        if (isUsable) operator.secret.value = given
      }}
    >
      <label>
        Write secret
        <input ref={field} type="password" autocomplete="off" aria-invalid={isWrong} />
      </label>
      <button type="submit">Use it</button>
      {isWrong && <p role="alert">The secret is printable ASCII, without spaces at its ends.</p>}
      <p class="quiet">This bus takes no changes without it. It is kept in memory, and is gone when this page is.</p>
    </form>
  )
}
