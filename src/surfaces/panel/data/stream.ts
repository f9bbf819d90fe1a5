import type { Output } from '../../../client/index.ts'

type BusEvent = Output<'events.read'>['events'][number]

export interface StreamHandlers {
  /** The stream stands, and what came before it is unknown: everything has to be read. Is called again when it rejects. */
  readonly onBegin: () => Promise<void>
  /** The log is another one than before. */
  readonly onReplaced: () => void
  /** Each event after that, once and in order. */
  readonly onEvent: (event: BusEvent) => void
  readonly onState: (isOpen: boolean) => void
}

/** How long to leave a bus alone that refused the stream. */
const AGAIN_MS = 2_000

/** A page that nobody looks at gives its connection up after so long: a browser has six of them for one address. */
const HIDDEN_MS = 60_000

/**
 * Follows the events for as long as the page lives. The browser itself reconnects and names the last event that it has;
 * only when the bus refuses that (its log is another one, or does not reach back so far) everything begins anew.
 */
export function openEvents(url: string, { onBegin, onReplaced, onEvent, onState }: StreamHandlers): void {
  let source: EventSource | undefined
  let epoch: string | undefined
  let lastEpoch: string | undefined

  const open = () => {
    source?.close()
    epoch = undefined
    const opened = new EventSource(url)
    source = opened
    opened.addEventListener('hello', ({ data }) => {
      const hello: { epoch: string } = JSON.parse(data)
      onState(true)
      if (hello.epoch === epoch) return
      epoch = hello.epoch
      if (lastEpoch !== undefined && lastEpoch !== epoch) onReplaced()
      lastEpoch = epoch
      onBegin().catch(() => again(opened))
    })
    for (const kind of ['message', 'ack', 'lane'])
      opened.addEventListener(kind, ({ data }) => onEvent(JSON.parse(data)))
    opened.addEventListener('error', () => {
      onState(false)
      if (opened.readyState === EventSource.CLOSED) again(opened)
    })
  }
  const again = (failed: EventSource) => {
    failed.close()
    setTimeout(() => {
      if (source === failed) open()
    }, AGAIN_MS)
  }

  let hiding: ReturnType<typeof setTimeout> | undefined
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding)
    if (document.hidden) {
      hiding = setTimeout(() => {
        source?.close()
        source = undefined
        onState(false)
      }, HIDDEN_MS)
    } else if (source === undefined) open()
  })
  open()
}
