import { useState } from 'preact/hooks'

/** A body that is longer is shown in part until somebody asks for all of it. */
const LONG_CHARACTERS = 900
const LONG_LINES = 14

/** A text of somebody's: never more of it than fits, until all of it is asked for. */
export function Body({ text }: { readonly text: string }) {
  const [isOpen, setOpen] = useState(false)
  const isLong = text.length > LONG_CHARACTERS || text.split('\n').length > LONG_LINES
  return (
    <>
      <p class={isLong && !isOpen ? 'body cut' : 'body'}>{text}</p>
      {isLong && (
        <button type="button" class="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Show less' : 'Show all'}
        </button>
      )}
    </>
  )
}
