import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Output } from '../../../client/index.ts'
import { describeHistory } from '../data/history.ts'
import { stateOf, toPanelLane, type WireLane } from '../data/lanes.ts'
import type { Message } from '../data/messages.ts'
import { LeftOf } from './lanes.tsx'
import { MessageItem } from './message-item.tsx'
import { Problem } from './notices.tsx'
import { usePanel } from './panel.ts'
import { Owner, TimeOfDay } from './parts.tsx'
import { Release } from './release.tsx'

interface Detail {
  readonly lane: WireLane
  readonly history: Output<'lanes.history'>
  readonly messages: readonly Message[]
}

/** One lane: how it stands, what happened to it, and what its owner says. */
export function LaneDialog({ name }: { readonly name: string }) {
  const { go } = usePanel()
  const dialog = useRef<HTMLDialogElement>(null)
  const { detail, problem } = useDetail(name)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="lane-dialog" aria-labelledby="lane-title" onClose={() => go({ lane: undefined })}>
      <div class="section-head">
        <h2 id="lane-title">{name}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <Problem />
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {detail && <LaneState lane={detail.lane} />}
      {detail && <History history={detail.history} />}
      {detail && <Words messages={detail.messages} owner={detail.lane.owner ?? detail.lane.last_owner} />}
    </dialog>
  )
}

/** Reads it when it opens, and again with each change of the lane. */
function useDetail(name: string) {
  const { live, operator } = usePanel()
  const detail = useSignal<Detail | undefined>(undefined)
  const problem = useSignal('')
  const rev = live.lanes.value.get(name)?.rev
  // Each rev of the lane is another state to read.
  useEffect(() => {
    let isOver = false
    const read = async () => {
      const client = operator.client.value
      try {
        const { lane } = await client.lanes.get({ lane: name })
        const sender = lane.owner ?? lane.last_owner
        const [history, words] = await Promise.all([
          client.lanes.history({ lane: name, limit: 100 }),
          sender === null ? undefined : client.messages.read({ sender, limit: 20 }),
        ])
        if (isOver) return
        detail.value = { lane, history, messages: words?.messages ?? [] }
        problem.value = ''
      } catch (error) {
        if (!isOver) problem.value = error instanceof Error ? error.message : String(error)
      }
    }
    void read()
    return () => {
      isOver = true
    }
  }, [name, rev])
  return { detail: detail.value, problem: problem.value }
}

function LaneState({ lane }: { readonly lane: WireLane }) {
  const { now } = usePanel()
  const { owner, note, fence, claimed_at, renewed_at, expires_at, lease_s, waiters, last_owner, last_end } = lane
  const state = stateOf(toPanelLane(lane), now.value)
  return (
    <>
      <dl class="facts">
        <Fact name="State">
          {state}
          {state === 'held' && (
            <>
              {' '}
              by <Owner name={owner ?? ''} />, <LeftOf expiresAt={expires_at} /> left of {lease_s} s
            </>
          )}
          {state === 'orphaned' && (
            <>
              {' '}
              by <Owner name={owner ?? ''} />
            </>
          )}
        </Fact>
        {note !== null && <Fact name="Note">{note}</Fact>}
        <Fact name="Fence">{fence}</Fact>
        {claimed_at !== null && (
          <Fact name="Since">
            <TimeOfDay moment={claimed_at} />
          </Fact>
        )}
        {renewed_at !== null && (
          <Fact name="Last heartbeat">
            <TimeOfDay moment={renewed_at} />
          </Fact>
        )}
        <Fact name="Waiting">{waiters}</Fact>
        {last_owner !== null && (
          <Fact name="Before">
            {last_owner}, until it was {last_end}
          </Fact>
        )}
      </dl>
      {state === 'orphaned' && <Release lane={lane.name} fence={fence} />}
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function History({ history }: { readonly history: Output<'lanes.history'> }) {
  return (
    <>
      <h3>History</h3>
      <ol class="history" reversed>
        {describeHistory(history).map(({ key, kind, at, owner, text, note }) => (
          <li key={key} class={kind}>
            <TimeOfDay moment={at} /> <Owner name={owner} /> {text}
            {note !== null && <span class="lane-note"> – {note}</span>}
          </li>
        ))}
      </ol>
    </>
  )
}

function Words({ messages, owner }: { readonly messages: readonly Message[]; readonly owner: string | null }) {
  if (owner === null) return null
  return (
    <>
      <h3>What {owner} says</h3>
      {messages.length === 0 && <p class="quiet">Nothing yet.</p>}
      {messages.map((message) => (
        <MessageItem key={message.id} message={message} />
      ))}
    </>
  )
}
