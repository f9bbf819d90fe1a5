import { describe, expect, it } from 'vitest'
import { createWakeUps } from '../store/wake-ups.ts'
import { createWaits } from './waits.ts'
import { createWaker } from './waker.ts'

const LONG_MS = 60_000

function start() {
  const wakeUps = createWakeUps()
  const abort = new AbortController()
  const stopping = new AbortController()
  const waits = createWaits(1, stopping.signal)
  const context = { database: { listen: wakeUps.listen }, signal: abort.signal, waits }
  const waker = createWaker(context, 'lane:feeds')
  return { ...wakeUps, abort, stopping, context, waits, waker }
}

describe('a waker', () => {
  it('ends its wait when its channel is notified', async () => {
    const { notify, waker } = start()
    const wait = waker.wait(LONG_MS)
    notify(['lane:feeds'])
    await wait
  })

  it('does not miss what happened before the wait', async () => {
    const { notify, waker } = start()
    notify(['lane:feeds'])
    await waker.wait(LONG_MS)
  })

  it('waits again after it was woken, and sleeps through other channels', async () => {
    const { notify, waker } = start()
    notify(['lane:feeds'])
    await waker.wait(LONG_MS)
    notify(['lane:other', 'messages'])
    const order: string[] = []
    const wait = waker.wait(LONG_MS).then(() => order.push('woken'))
    await new Promise((resolve) => setImmediate(resolve))
    order.push('notified')
    notify(['lane:feeds'])
    await wait
    expect(order).toEqual(['notified', 'woken'])
  })

  it('ends its wait when the signal aborts, also when it had aborted before', async () => {
    const { abort, waker } = start()
    const wait = waker.wait(LONG_MS)
    abort.abort()
    await wait
    await waker.wait(LONG_MS)
  })

  it('ends its wait when the time is over', async () => {
    await start().waker.wait(1)
  })

  it('hears nothing after it was closed', async () => {
    const { notify, waker } = start()
    waker.close()
    const wait = waker.wait(5)
    notify(['lane:feeds'])
    await wait
  })
})
