import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startThreeNodes } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { limitMs, scale } from '../support/scale.ts'
import { byCursor, FAULTLESS, type ReadPage } from './log-readers.ts'
import { type Append, createPageReaders, FILTERS, WRITERS, writeAndFollow } from './log-writers.ts'
import { createRandom, takeSeed } from './random.ts'

const CUT_SHARE = 0.05

const postgres = startTestPostgres()

describe('the message log of three nodes on one database', () => {
  it('gives each reader each message once and in order, while many write, whichever node is asked', {
    timeout: limitMs(60_000),
  }, async () => {
    const messages = scale({ short: 1_000, long: 200_000 })
    const seed = takeSeed()
    const random = createRandom(seed)
    const nodes = await startThreeNodes(await postgres().createDatabase())
    let cuts = 0
    // Another node for every page, as behind a balancer.
    const read: ReadPage = async (query) => {
      const signal = random.chance(CUT_SHARE) ? AbortSignal.timeout(random.between(0, 10)) : undefined
      try {
        return await random.pick(nodes).client.messages.read({ ...query }, signal ? { signal } : {})
      } catch (error) {
        if (!signal?.aborted) throw error
        cuts += 1
        return undefined
      }
    }
    const append: Append = (message) => random.pick(nodes).client.messages.post({ ...message, body: 'short' })
    const readers = createPageReaders(random, byCursor, read, { pause: () => sleep(20) })
    const { ids, faults, seconds } = await writeAndFollow(random, { append, messages, readers })
    console.log(
      `log of three nodes: ${messages} messages, ${WRITERS} writers, ${readers.length} readers, ${cuts} connections cut, ${seconds} s, seed ${seed}`,
    )
    expect(ids).toEqual(Array.from({ length: messages }, (_, index) => index + 1))
    expect(faults).toEqual(FILTERS.map(() => FAULTLESS))
  })
})
