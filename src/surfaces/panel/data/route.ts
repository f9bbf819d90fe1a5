import { EVERYTHING, type MessageFilter } from './messages.ts'

/** What the address names beside the page: a lane that is open, and what is looked at among the messages. */
export interface Route {
  readonly lane: string | undefined
  readonly filter: MessageFilter
}

/** Reads the fragment of an address, as in `#lane=feeds&topic=converge&message=12`. What it cannot read it leaves out. */
export function parseRoute(fragment: string): Route {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''))
  const readId = (name: string) => {
    const text = fields.get(name) ?? ''
    return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0
  }
  return {
    lane: fields.get('lane') || undefined,
    filter: {
      topic: fields.get('topic') ?? EVERYTHING.topic,
      sender: fields.get('sender') ?? EVERYTHING.sender,
      search: fields.get('search') ?? EVERYTHING.search,
      flagged: fields.get('flagged') === 'true',
      thread: readId('thread'),
      from: readId('message'),
    },
  }
}

/** The fragment that {@link parseRoute} reads so; `#` alone for the page as it opens. */
export function formatRoute({ lane, filter }: Route): string {
  const { topic, sender, search, flagged, thread, from } = filter
  const fields = new URLSearchParams()
  const set = (name: string, value: string) => {
    if (value !== '') fields.set(name, value)
  }
  set('lane', lane ?? '')
  set('topic', topic)
  set('sender', sender)
  set('search', search)
  set('flagged', flagged ? 'true' : '')
  set('thread', thread === 0 ? '' : String(thread))
  set('message', from === 0 ? '' : String(from))
  return `#${fields}`
}
