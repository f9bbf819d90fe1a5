import { useRef, useState } from 'preact/hooks'
import { READ_ONLY, usePanel } from './panel.ts'

interface ReleaseProps {
  readonly lane: string
  /** Only this tenure is meant: one that began meanwhile is not touched. */
  readonly fence: number
}

/** Clears an orphaned claim, with the reason that its history keeps. */
export function Release({ lane, fence }: ReleaseProps) {
  const { operator, live, mayWrite } = usePanel()
  const [isBusy, setBusy] = useState(false)
  const reason = useRef<HTMLInputElement>(null)
  const isLocked = !mayWrite.value || isBusy
  return (
    <form
      class="actions"
      onSubmit={(event) => {
        event.preventDefault()
        const note = reason.current?.value.trim() || undefined
        setBusy(true)
        void operator
          .act((client, owner) => client.lanes.release({ lane, owner, fence, note }))
          .then((isDone) => isDone && live.refresh())
          .finally(() => setBusy(false))
      }}
    >
      <input ref={reason} maxLength={500} placeholder="Reason" aria-label={`Reason to release ${lane}`} />
      <button
        type="submit"
        class="main"
        disabled={isLocked}
        aria-label={`Release ${lane}`}
        title={mayWrite.value ? `Release ${lane}` : READ_ONLY}
      >
        Release
      </button>
    </form>
  )
}
