import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../../test/support/bus.ts'
import { ALWAYS_FIT, MAX_TEXT_BYTES } from '../../core/page-size.ts'

const COUNT = 100
const LARGEST = 'ä'.repeat(MAX_TEXT_BYTES / 2)

/** Messages 1 to 100, of the largest but for some. */
async function startFilled(isSmall: (id: number) => boolean = () => false) {
  const { client, apiUrl } = await startTestBus()
  for (let id = 1; id <= COUNT; id += 1) {
    await client.messages.post({ topic: 'converge', sender: 'ann', body: isSmall(id) ? 'small' : LARGEST })
  }
  return { client, apiUrl }
}

const idsOf = (entries: readonly { readonly id: number }[]) => entries.map(({ id }) => id)
const ids = Array.from({ length: COUNT }, (_, index) => index + 1)

describe('a page of the largest messages', () => {
  it('ends sooner than its limit says, and says that there is more', async () => {
    const { client } = await startFilled()
    const { messages, more, next_since_id } = await client.messages.read({ since_id: 0, limit: 500 })
    expect(idsOf(messages)).toEqual(ids.slice(0, ALWAYS_FIT))
    expect({ more, next_since_id }).toEqual({ more: true, next_since_id: ALWAYS_FIT })
    const newest = await client.messages.read({ limit: 500 })
    expect(idsOf(newest.messages)).toEqual(ids.toReversed().slice(0, ALWAYS_FIT))
    expect(newest.more).toBe(true)
  })

  it('is as long as ever up to what always fits', async () => {
    const { client } = await startFilled()
    const { messages } = await client.messages.read({ since_id: 0, limit: ALWAYS_FIT })
    expect(messages).toHaveLength(ALWAYS_FIT)
  })

  it('leads to the next one: forwards, backwards, with a filter and with a search nothing is passed over or read twice', async () => {
    const { client } = await startFilled()
    for (const filter of [{}, { sender: 'ann' }, { search: `${LARGEST.slice(0, 20)}*` }]) {
      const onwards: number[] = []
      for (let since_id = 0; since_id < COUNT; ) {
        const page = await client.messages.read({ ...filter, since_id, limit: 500 })
        onwards.push(...idsOf(page.messages))
        since_id = page.next_since_id
      }
      expect(onwards).toEqual(ids)
      const back: number[] = []
      for (let before_id: number | undefined; before_id !== 1; before_id = back.at(-1)) {
        back.push(...idsOf((await client.messages.read({ ...filter, before_id, limit: 500 })).messages))
      }
      expect(back).toEqual(ids.toReversed())
    }
  })

  it('bounds an answer, however much is asked for', async () => {
    const { apiUrl } = await startFilled()
    for (const path of ['messages?limit=500', 'messages?since_id=0&limit=500', 'events?since_id=0&limit=500']) {
      const answer = await fetch(`${apiUrl}/${path}`, { headers: { accept: 'application/json' } })
      const { length } = await answer.text()
      expect(length).toBeGreaterThan(1_000_000)
      expect(length).toBeLessThan(4_500_000)
    }
  })

  it('holds for events, which lead on as well', async () => {
    const { client } = await startFilled()
    const seen: number[] = []
    let pages = 0
    for (let since_id = 0; since_id < COUNT; pages += 1) {
      const page = await client.events.read({ since_id, limit: 500 })
      seen.push(...idsOf(page.events))
      since_id = page.next_since_id
    }
    expect(seen).toEqual(ids)
    expect(pages).toBe(2)
  })
})

it('is as long as its limit when only some of its messages are large', async () => {
  const { client } = await startFilled((id) => id % 2 === 1)
  const { messages, more } = await client.messages.read({ since_id: 0, limit: 90 })
  expect(idsOf(messages)).toEqual(ids.slice(0, 90))
  expect(more).toBe(true)
  expect((await client.messages.read({ limit: 500 })).messages).toHaveLength(COUNT)
})
