import { formatTimeOfDay } from '../data/time.ts'
import { usePanel } from './panel.ts'

interface NoticeProps {
  readonly text: string
  /** Is set to what means nothing when the notice is dismissed. */
  readonly onDismiss: () => void
}

/** Stays in sight, wherever the page was scrolled to. */
function Notice({ text, onDismiss }: NoticeProps) {
  return (
    <p class="problem notice" role="alert">
      {text}{' '}
      <button type="button" onClick={onDismiss}>
        Dismiss
      </button>
    </p>
  )
}

/** Why the last change that was made here failed. */
export function Problem() {
  const { operator } = usePanel()
  if (operator.problem.value === '') return null
  return (
    <Notice
      text={operator.problem.value}
      onDismiss={() => {
        operator.problem.value = ''
      }}
    />
  )
}

/** That the bus has another log than before: an empty page must not look like a calm one. */
export function Replaced() {
  const { live } = usePanel()
  const at = live.replacedAt.value
  if (at === 0) return null
  return (
    <Notice
      text={`The bus has had another database since ${formatTimeOfDay(at)}: what was shown before is not in it.`}
      onDismiss={() => {
        live.replacedAt.value = 0
      }}
    />
  )
}
