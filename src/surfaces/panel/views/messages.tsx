import { useEffect, useRef } from 'preact/hooks'
import { isEverything } from '../data/messages.ts'
import { MessageFilterForm } from './message-filter.tsx'
import { MessageItem } from './message-item.tsx'
import { usePanel } from './panel.ts'

/** What is said, newest first. Nothing moves under the eyes of whoever reads: new ones wait above. */
export function Messages() {
  const { feed, route } = usePanel()
  const { messages, hasOlder } = feed.window.value
  const { filter } = route.value
  const list = useRef<HTMLDivElement>(null)
  useReading(list)
  return (
    <section id="messages" aria-labelledby="messages-title" class="stream">
      <div class="section-head">
        <h2 id="messages-title">{filter.thread === 0 ? 'Messages' : `Thread of #${filter.thread}`}</h2>
        <MessageFilterForm />
      </div>
      <Held list={list} />
      {feed.problem.value !== '' && (
        <p class="problem" role="alert">
          {feed.problem}
        </p>
      )}
      <div class="scroll" ref={list} role="log" aria-label="Messages" aria-live="off">
        {messages.length === 0 && !feed.isLoading.value && feed.problem.value === '' && (
          <p class="quiet">{isEverything(filter) ? 'Nobody has said anything yet.' : 'No message fits.'}</p>
        )}
        {messages.map((message) => (
          <MessageItem key={message.id} message={message} isMeant={message.id === filter.from} />
        ))}
        {hasOlder && <Older />}
      </div>
    </section>
  )
}

/** Whoever has scrolled down, points at the list or has the keyboard in it, reads. */
function useReading(list: { readonly current: HTMLElement | null }): void {
  const { feed } = usePanel()
  useEffect(() => {
    const element = list.current
    if (!element) return
    let isOver = false
    const tell = () => feed.setReading(isOver || element.scrollTop > 0 || element.contains(document.activeElement))
    const enter = () => {
      isOver = true
      tell()
    }
    const leave = () => {
      isOver = false
      tell()
    }
    const listeners = [
      ['pointerenter', enter],
      ['pointerleave', leave],
      ['scroll', tell],
      ['focusin', tell],
      // The focus is still here while it goes.
      ['focusout', () => setTimeout(tell)],
    ] as const
    for (const [name, listener] of listeners) element.addEventListener(name, listener, { passive: true })
    return () => {
      for (const [name, listener] of listeners) element.removeEventListener(name, listener)
    }
  }, [feed, list])
}

function Held({ list }: { readonly list: { readonly current: HTMLElement | null } }) {
  const { feed } = usePanel()
  const count = feed.held.value.length
  return (
    <p class="held" role="status">
      {count > 0 && (
        <button
          type="button"
          class="main"
          onClick={() => {
            feed.showHeld()
            list.current?.scrollTo({ top: 0 })
          }}
        >
          {count} new
        </button>
      )}
    </p>
  )
}

function Older() {
  const { feed } = usePanel()
  const button = useRef<HTMLButtonElement>(null)
  const last = feed.window.value.messages.at(-1)?.id
  // The button stays, and must be looked for again below each page.
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) feed.readOlder()
    })
    if (button.current) observer.observe(button.current)
    return () => observer.disconnect()
  }, [feed, last])
  return (
    <button type="button" class="more" ref={button} onClick={() => feed.readOlder()}>
      Older messages
    </button>
  )
}
