import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { type CallById, openDirectBus } from './direct-bus.ts'
import {
  byCursor,
  byHead,
  byMoment,
  FAULTLESS,
  type LogMessage,
  type LogPage,
  type ReadPage,
  type Way,
} from './log-readers.ts'
import { createSimulatedLog, nextTurn } from './log-simulation.ts'
import { type Append, createPageReaders, FILTERS, WRITERS, writeAndFollow } from './log-writers.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const CUT_SHARE = 0.05

/** Appends and reads by calls; an answer to a reader is lost now and then, and it must ask again from its mark. */
function overCalls(call: CallById, random: Random): { append: Append; read: ReadPage } {
  const must = async <T>(id: string, input: object) => {
    const { status, body } = await call(id, input)
    if (status !== 200) throw new Error(`${id} answered ${status}: ${JSON.stringify(body)}`)
    return body as T // The shape of the operation's own answer.
  }
  return {
    append: (message) => must<LogMessage>('messages.post', { ...message, body: 'short' }),
    read: async (query) => {
      const page = await must<LogPage>('messages.read', query)
      return random.chance(CUT_SHARE) ? undefined : page
    },
  }
}

async function openCalls(): Promise<CallById> {
  const path = join(createTempFolder(), 'bus.db')
  const { call, close } = await openDirectBus({ path, minLeaseMs: 1000, maxLeaseMs: 60_000 })
  onTestFinished(close)
  return call
}

const countFrom1 = (length: number) => Array.from({ length }, (_, index) => index + 1)

describe('the message log', () => {
  it.each(listRounds({ short: 1, long: 20 }))(
    'gives each reader each message once and in order, while many write: round %i',
    { timeout: limitMs(110_000) },
    async () => {
      const messages = scale({ short: 100_000, long: 1_000_000 })
      const seed = takeSeed()
      const random = createRandom(seed)
      const { append, read } = overCalls(await openCalls(), random)
      const readers = createPageReaders(random, byCursor, read)
      const { ids, faults, seconds } = await writeAndFollow(random, { append, messages, readers })
      console.log(
        `log: ${messages} messages, ${WRITERS} writers, ${FILTERS.length} readers, ${seconds} s, seed ${seed}`,
      )
      expect(ids).toEqual(countFrom1(messages))
      expect(faults).toEqual(FILTERS.map(() => FAULTLESS))
    },
  )

  it('does so over HTTP, with connections cut', { timeout: limitMs(60_000) }, async () => {
    const messages = scale({ short: 5_000, long: 500_000 })
    const seed = takeSeed()
    const random = createRandom(seed)
    const { client } = await startTestBus({ databasePlace: join(createTempFolder(), 'bus.db') })
    let cuts = 0
    const read: ReadPage = async (query) => {
      const signal = random.chance(CUT_SHARE) ? AbortSignal.timeout(random.between(0, 5)) : undefined
      try {
        return await client.messages.read({ ...query }, signal ? { signal } : {})
      } catch (error) {
        if (!signal?.aborted) throw error
        cuts += 1
        return undefined
      }
    }
    const append: Append = (message) => client.messages.post({ ...message, body: 'short' })
    const readers = createPageReaders(random, byCursor, read)
    const { ids, faults, seconds } = await writeAndFollow(random, { append, messages, readers })
    console.log(`log over HTTP: ${messages} messages, ${cuts} connections cut, ${seconds} s, seed ${seed}`)
    expect(ids).toEqual(countFrom1(messages))
    expect(faults).toEqual(FILTERS.map(() => FAULTLESS))
  })
})

describe('a reader', () => {
  async function countMissed<Mark>(way: Way<Mark>) {
    const messages = 5_000
    const seed = takeSeed()
    const random = createRandom(seed)
    const { append, read } = overCalls(await openCalls(), random)
    const readers = createPageReaders(random, way, read, { filters: [{}] })
    const { faults, seconds } = await writeAndFollow(random, { append, messages, readers })
    console.log(`wrong reader: ${messages} messages, ${faults[0]?.missed} missed, ${seconds} s, seed ${seed}`)
    return faults[0]?.missed
  }

  it('that goes by the time of the messages misses some', { timeout: 60_000 }, async () => {
    expect(await countMissed(byMoment)).toBeGreaterThan(0)
  })

  it('that takes head_id for its cursor misses some', { timeout: 60_000 }, async () => {
    expect(await countMissed(byHead)).toBeGreaterThan(0)
  })
})

describe('a simulated log', () => {
  async function run(takesIdLast: boolean) {
    const seed = takeSeed()
    const random = createRandom(seed)
    const log = createSimulatedLog(random, takesIdLast)
    const readers = createPageReaders(random, byCursor, log.read, { filters: [{}], pause: nextTurn })
    const { ids, faults, seconds } = await writeAndFollow(random, { append: log.append, messages: 2_000, readers })
    const order = takesIdLast ? 'last' : 'first'
    console.log(
      `simulated log, id taken ${order}: ${ids.length} messages, ${faults[0]?.missed} missed, ${seconds} s, seed ${seed}`,
    )
    return faults
  }

  it('is found complete when its ids are in the order of the commits', async () => {
    expect(await run(true)).toEqual([FAULTLESS])
  })

  it('is found incomplete: id counter not last', async () => {
    const [faults] = await run(false)
    expect(faults?.missed).toBeGreaterThan(0)
  })
})
