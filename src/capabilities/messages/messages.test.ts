import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'

const hello = { topic: 'converge', sender: 'session-A', body: 'merged to master' }

async function startMessages() {
  const { messages, status, clock } = await startStillBus()
  return { ...messages, status, clock }
}

describe('messages.post', () => {
  it('appends the message and answers with it, unflagged unless told otherwise', async () => {
    const { post, clock } = await startMessages()
    expect(await post(hello)).toEqual({ ...hello, id: 1, action_flag: false, ts: NOON })
    clock.advance(1_500)
    const flagged = await post({ ...hello, action_flag: true })
    expect(flagged).toEqual({ ...hello, id: 2, action_flag: true, ts: afterNoon(1.5) })
  })

  it('gives 20 at once contiguous ids, each its own, and each its own text', async () => {
    const { post, get } = await startMessages()
    const posts = Array.from({ length: 20 }, (_, index) => post({ ...hello, body: `message ${index}` }))
    const posted = await Promise.all(posts)
    expect(posted.map(({ id }) => id).sort((a, b) => a - b)).toEqual(posted.map((_, index) => index + 1))
    for (const message of posted) expect(await get({ id: message.id })).toEqual(message)
    expect(posted.map(({ body }) => body)).toEqual(posted.map((_, index) => `message ${index}`))
  })

  it('gives no id to a message that it refuses', async () => {
    const { post } = await startMessages()
    await post(hello)
    await refusalOf(post({ ...hello, body: '' }))
    expect(await post(hello)).toMatchObject({ id: 2 })
  })

  it('takes a body of exactly 65,536 bytes, and not one byte more', async () => {
    const { post } = await startMessages()
    for (const body of ['x'.repeat(65_536), 'é'.repeat(32_768), '🚌'.repeat(16_384)]) {
      expect((await post({ ...hello, body })).body).toBe(body)
      expect(await refusalOf(post({ ...hello, body: `${body}x` }))).toMatchObject({
        status: 422,
        code: 'invalid_request',
        text: expect.stringMatching(/^body must be at most 65536 bytes of UTF-8/),
      })
    }
  })

  it('counts the characters of a topic and a sender, and not what they are encoded in', async () => {
    const { post } = await startMessages()
    const buses = '🚌'.repeat(128)
    expect(await post({ ...hello, topic: buses, sender: buses })).toMatchObject({ topic: buses, sender: buses })
    for (const field of ['topic', 'sender']) {
      const { body } = await refusalOf(post({ ...hello, [field]: `${buses}🚌` }))
      expect(body.errors).toEqual([{ path: field, message: `${field} must have at most 128 characters` }])
    }
  })

  it('keeps every character of a text as it is: tabs, line ends of every system, quotes, scripts of every direction', async () => {
    const { post, get } = await startMessages()
    for (const body of ['a\tb\nc\r\nd\n', "it's; drop table messages; -- \\ %s $1", 'שלום 你好 e\u0301 👩‍👩‍👧', ' ']) {
      const { id } = await post({ ...hello, body })
      expect((await get({ id })).body).toBe(body)
    }
    const { id } = await post({ ...hello, topic: ' {"a":1} ', sender: 'o\'brien "x" %' })
    expect(await get({ id })).toMatchObject({ topic: ' {"a":1} ', sender: 'o\'brien "x" %' })
  })

  it.each(['a\0b', '\ud800', 'a\udc00b', '\u001b[31mred', 'a\u0007', 'a\rb', 'a\u0085b', 'a\u007f'])(
    'refuses a text that could hide something from its reader: %j',
    async (text) => {
      const { post } = await startMessages()
      for (const field of ['topic', 'sender', 'body']) {
        const { status, code, body } = await refusalOf(post({ ...hello, [field]: text }))
        expect([status, code]).toEqual([422, 'invalid_request'])
        expect(body.errors).toMatchObject([{ path: field }])
      }
    },
  )

  it('refuses more than one line where a name is asked for', async () => {
    const { post } = await startMessages()
    for (const text of ['a\nb', 'a\tb', 'a\r\nb']) {
      expect((await refusalOf(post({ ...hello, topic: text }))).text).toBe(
        'topic must be one line without control characters',
      )
    }
  })
})

describe('messages.read', () => {
  const idsOf = (page: { readonly messages: readonly { readonly id: number }[] }) => page.messages.map(({ id }) => id)

  /** Messages 1 to 6: two topics and two senders, each third one flagged. */
  async function startWithSix() {
    const messages = await startMessages()
    for (let id = 1; id <= 6; id += 1) {
      const topic = id % 2 === 0 ? 'even' : 'odd'
      await messages.post({ topic, sender: id < 4 ? 'ann' : 'bob', body: String(id), action_flag: id % 3 === 0 })
    }
    return messages
  }

  it('is empty, at id 0, when nothing was ever posted', async () => {
    const { read } = await startMessages()
    const page = await read({})
    expect(page).toEqual({
      messages: [],
      next_since_id: 0,
      more: false,
      head_id: 0,
      epoch: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(await read({ since_id: 0 })).toEqual(page)
  })

  it('shows the newest, newest first, and where to go on', async () => {
    const { read } = await startWithSix()
    const page = await read({})
    expect(idsOf(page)).toEqual([6, 5, 4, 3, 2, 1])
    expect(page).toMatchObject({ next_since_id: 6, head_id: 6 })
    expect(page.messages[0]).toEqual({ id: 6, topic: 'even', sender: 'bob', body: '6', action_flag: true, ts: NOON })
    expect(idsOf(await read({ limit: 2 }))).toEqual([6, 5])
  })

  it('shows what is newer than since_id, oldest first', async () => {
    const { read } = await startWithSix()
    expect(idsOf(await read({ since_id: 0 }))).toEqual([1, 2, 3, 4, 5, 6])
    expect(idsOf(await read({ since_id: 4 }))).toEqual([5, 6])
    expect(await read({ since_id: 6 })).toMatchObject({ messages: [], next_since_id: 6, head_id: 6 })
  })

  it('goes on page by page, each message once, whatever the size of the page', async () => {
    const { read } = await startWithSix()
    for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
      const seen: number[] = []
      let since_id = 0
      let head_id: number
      do {
        const page = await read({ since_id, limit })
        seen.push(...idsOf(page))
        since_id = page.next_since_id
        head_id = page.head_id
      } while (since_id < head_id)
      expect(seen).toEqual([1, 2, 3, 4, 5, 6])
    }
  })

  it('shows only the topic, the sender and the flag that are asked for', async () => {
    const { read } = await startWithSix()
    expect(idsOf(await read({ topic: 'even' }))).toEqual([6, 4, 2])
    expect(idsOf(await read({ topic: 'Even' }))).toEqual([])
    expect(idsOf(await read({ sender: 'ann' }))).toEqual([3, 2, 1])
    expect(idsOf(await read({ flagged: true }))).toEqual([6, 3])
    expect(idsOf(await read({ flagged: false }))).toEqual([5, 4, 2, 1])
    expect(idsOf(await read({ topic: 'even', sender: 'bob', flagged: true }))).toEqual([6])
    expect(idsOf(await read({ topic: 'odd', since_id: 1 }))).toEqual([3, 5])
  })

  it('moves next_since_id past what a filter left out, and never past what the page had no room for', async () => {
    const { read } = await startWithSix()
    expect(await read({ topic: 'odd', since_id: 5 })).toMatchObject({ messages: [], next_since_id: 6 })
    expect(await read({ topic: 'nobody', since_id: 0 })).toMatchObject({ messages: [], next_since_id: 6 })
    expect(await read({ topic: 'odd', since_id: 0, limit: 2 })).toMatchObject({ next_since_id: 3, head_id: 6 })
    expect(await read({ topic: 'odd', since_id: 3, limit: 2 })).toMatchObject({
      messages: [{ id: 5 }],
      next_since_id: 6,
    })
  })

  it('misses nothing and repeats nothing while others write', async () => {
    const { post, read } = await startMessages()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 25; round += 1) await post({ ...hello, sender: `w${writer}` })
    })
    const seen: number[] = []
    let since_id = 0
    while (seen.length < 100) {
      const page = await read({ since_id, limit: 7 })
      seen.push(...idsOf(page))
      since_id = page.next_since_id
    }
    await Promise.all(writers)
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('shows 50 unless told otherwise, and at most 500', async () => {
    const { post, read } = await startMessages()
    await Promise.all(Array.from({ length: 501 }, () => post(hello)))
    expect((await read({})).messages).toHaveLength(50)
    const page = await read({ limit: 500, since_id: 0 })
    expect(page.messages).toHaveLength(500)
    expect(page).toMatchObject({ next_since_id: 500, head_id: 501 })
    for (const limit of [0, 501, 1.5]) {
      expect((await refusalOf(read({ limit }))).text).toBe('limit must be an integer from 1 to 500')
    }
  })

  it('fails with cursor_expired when since_id is beyond the head, for it is of another log', async () => {
    const { read } = await startWithSix()
    expect(await refusalOf(read({ since_id: 7 }))).toMatchObject({
      status: 410,
      code: 'cursor_expired',
      text: 'the newest message is 6, so since_id 7 is of another log -- begin again without since_id',
      body: { earliest_id: 1, head_id: 6 },
    })
    expect(await read({ since_id: 6 })).toMatchObject({ messages: [], next_since_id: 6 })
  })
})

describe('messages.get', () => {
  it('shows the message', async () => {
    const { post, get } = await startMessages()
    const message = await post(hello)
    expect(await get({ id: 1 })).toEqual(message)
  })

  it('fails with message_not_found when no message has the id', async () => {
    const { get } = await startMessages()
    expect(await refusalOf(get({ id: 1 }))).toMatchObject({
      status: 404,
      code: 'message_not_found',
      text: 'no message has id 1 -- read the messages to see which there are',
    })
  })
})

describe('messages.ack', () => {
  it('acknowledges a flagged message, which stops pending', async () => {
    const { post, ack, get, status, clock } = await startMessages()
    const message = await post({ ...hello, action_flag: true })
    const pending = async () => (await status.get({})).pending_action_flags.map(({ id }) => id)
    expect(await pending()).toEqual([1])

    clock.advance(2_000)
    const acked = { ...message, acked_by: 'bob', acked_at: afterNoon(2) }
    expect(await ack({ id: 1, sender: 'bob' })).toEqual({ ok: true, message: acked })
    expect(await get({ id: 1 })).toEqual(acked)
    expect(await pending()).toEqual([])
  })

  it('answers already to whoever comes later, and leaves the first one standing', async () => {
    const { post, ack, clock } = await startMessages()
    await post({ ...hello, action_flag: true })
    const first = await ack({ id: 1, sender: 'bob' })
    clock.advance(2_000)
    for (const sender of ['cid', 'bob']) {
      expect(await ack({ id: 1, sender })).toEqual({ ok: true, message: first.message, already: true })
    }
  })

  it('lets exactly one of 20 at once be the first', async () => {
    const { post, ack } = await startMessages()
    await post({ ...hello, action_flag: true })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ack({ id: 1, sender: `s${index}` })))
    const [first, ...others] = answers.filter(({ already }) => already === undefined)
    expect(others).toEqual([])
    expect(new Set(answers.map(({ message }) => message.acked_by))).toEqual(new Set([first?.message.acked_by]))
  })

  it('acknowledges a message without a flag, too', async () => {
    const { post, ack } = await startMessages()
    await post(hello)
    expect(await ack({ id: 1, sender: 'bob' })).toMatchObject({ message: { action_flag: false, acked_by: 'bob' } })
  })

  it('fails with message_not_found when no message has the id', async () => {
    const { post, ack } = await startMessages()
    await post(hello)
    expect(await refusalOf(ack({ id: 2, sender: 'bob' }))).toMatchObject({ status: 404, code: 'message_not_found' })
  })
})

describe('messages.topics', () => {
  it('lists each topic once, by name, with its newest message', async () => {
    const { messages, clock } = await startStillBus()
    for (const topic of ['zeta', 'alpha', 'zeta', 'mid dle']) {
      await messages.post({ topic, sender: 'ann', body: 'x' })
      clock.advance(1_000)
    }
    expect(await messages.topics({})).toEqual({
      topics: [
        { topic: 'alpha', last_id: 2, last_at: afterNoon(1) },
        { topic: 'mid dle', last_id: 4, last_at: afterNoon(3) },
        { topic: 'zeta', last_id: 3, last_at: afterNoon(2) },
      ],
      next_after: null,
    })
  })

  it('is empty when nothing was ever posted, and pages by name', async () => {
    const { messages } = await startStillBus()
    expect(await messages.topics({})).toEqual({ topics: [], next_after: null })
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const topic of names) await messages.post({ topic, sender: 'ann', body: 'x' })
    const first = await messages.topics({ limit: 3 })
    expect(first).toMatchObject({ topics: [{ topic: 'a' }, { topic: 'b' }, { topic: 'c' }], next_after: 'c' })
    expect(await messages.topics({ limit: 3, after: 'c' })).toMatchObject({
      topics: [{ topic: 'd' }, { topic: 'e' }],
      next_after: null,
    })
    expect(await messages.topics({ after: 'e' })).toEqual({ topics: [], next_after: null })
  })
})
