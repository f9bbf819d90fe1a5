import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { startStillBus } from '../../../test/support/still-bus.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'step 3 of 4 is done' }

/** `ann` holds feeds for ten seconds, with fence 1. */
async function startHeld() {
  const { messages, lanes, clock } = await startStillBus()
  await lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 10 })
  return { messages, lanes, clock }
}

describe('messages.post with a fence', () => {
  it('takes the message while the sender holds the lane, and keeps the tenure with it', async () => {
    const { messages } = await startHeld()
    const posted = await messages.post({ ...hello, lane: 'feeds', fence: 1 })
    expect(posted).toMatchObject({ id: 1, lane: 'feeds', fence: 1 })
    expect(await messages.get({ id: 1 })).toEqual(posted)
  })

  it('refuses with lease_lost once the tenure is over, and appends nothing', async () => {
    const { messages, lanes, clock } = await startHeld()
    clock.advance(10_000)
    const lapsed = await refusalOf(messages.post({ ...hello, lane: 'feeds', fence: 1 }))
    expect(lapsed).toMatchObject({ status: 409, code: 'lease_lost', body: { lane: { state: 'orphaned' } } })
    await lanes.claim({ lane: 'feeds', owner: 'bob' })
    const stolen = await refusalOf(messages.post({ ...hello, lane: 'feeds', fence: 1 }))
    expect(stolen.text).toBe("lane 'feeds' tenure 1 is over -- held by 'bob' (lease 300s remaining)")
    expect((await messages.read({ sender: 'ann' })).messages).toEqual([])
  })

  it('refuses with lease_lost a tenure that is not the sender’s, that never was, or of a lane nobody claimed', async () => {
    const { messages } = await startHeld()
    const refuse = async (input: { lane: string; fence: number; sender?: string }) =>
      (await refusalOf(messages.post({ ...hello, ...input }))).text
    expect(await refuse({ lane: 'feeds', fence: 1, sender: 'bob' })).toContain("tenure 1 is not held by 'bob'")
    expect(await refuse({ lane: 'feeds', fence: 2 })).toContain('tenure 2 was never granted')
    expect(await refuse({ lane: 'other', fence: 1 })).toContain('never claimed')
  })

  it('refuses with lease_lost another session of the sender, and takes one that names none', async () => {
    const { messages, lanes } = await startStillBus()
    await lanes.claim({ lane: 'feeds', owner: 'ann', session: 'first' })
    const post = (session?: string) => messages.post({ ...hello, lane: 'feeds', fence: 1, session })
    expect((await refusalOf(post('second'))).text).toBe(
      "lane 'feeds' tenure 1 is not held by 'ann' in this session -- held by 'ann' in another session (lease 300s remaining)",
    )
    expect(await post('first')).toMatchObject({ id: 1 })
    expect(await post()).toMatchObject({ id: 2 })
  })

  it('refuses a lane without its fence, and a fence without its lane', async () => {
    const { messages } = await startHeld()
    for (const part of [{ lane: 'feeds' }, { fence: 1 }]) {
      const { status, text } = await refusalOf(messages.post({ ...hello, ...part }))
      expect({ status, text }).toEqual({
        status: 422,
        text: 'fence and lane go together: name the lane, and the fence that its claim returned',
      })
    }
  })
})
