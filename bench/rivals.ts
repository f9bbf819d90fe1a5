/** How does the bus do beside what one would take instead, each through its own client: Redis and NATS JetStream? */
import { createBusClient } from '../src/client/index.ts'
import { alone, measure } from './support/measure.ts'
import { type Answer, type Budget, type Ratio, rate, type Section, type Target } from './support/question.ts'
import type { Rival } from './support/rival.ts'
import { startNats } from './support/rival-nats.ts'
import { startRedis } from './support/rival-redis.ts'
import { type BusPlace, type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'How many claims and posts per second, beside Redis and NATS JetStream through their own clients?'
export const targets: readonly Target[] = []

const CALLERS = [1, 16, 64]
const BODY = 'x'.repeat(200)
const LEASE_MS = 300_000

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const started = [throughOwnClient(bus), await startRedis(workplace), await startNats(workplace)]
    const left = started.filter((rival) => typeof rival === 'string')
    const rivals = [await overRawHttp(workplace, bus), ...started.filter((rival) => typeof rival !== 'string')]
    const sections: Section[] = []
    const ratios: Ratio[] = []
    let count = 0
    for (const callers of CALLERS) {
      const calls = rivals.flatMap(({ name, claim, post }) => [
        [`claim, ${name}`, () => claim(`lane-${count++}`, 'bench', LEASE_MS)] as const,
        [`post, ${name}`, () => post(`topic-${count++ % 10}`, 'bench', BODY)] as const,
      ])
      const figures = await measure(alone(callers, Object.fromEntries(calls)), budget)
      sections.push({
        title: `${callers} ${callers === 1 ? 'caller' : 'callers'}`,
        scale: { of: 'callers', value: callers },
        figures: figures.all,
      })
      for (const { name } of rivals.filter((rival) => !rival.name.startsWith('bus'))) {
        for (const what of ['claim', 'post']) {
          const ratio = figures.ratio(`${what}, bus, own client`, `${what}, ${name}`)
          ratios.push(rate(`${what}.${callers}.of${name}`, ratio))
        }
      }
    }
    return { sections, ratios, notes: [...left, ...rivals.flatMap(({ notes }) => notes)] }
  })
}

function throughOwnClient(bus: BusPlace): Rival {
  const client = createBusClient({ baseUrl: bus.apiUrl })
  return {
    name: 'bus, own client',
    notes: ['bus: synced before it is acknowledged; a claim keeps a history, and a fence that only rises'],
    claim: (lane, owner, leaseMs) => client.lanes.claim({ lane, owner, lease_s: leaseMs / 1000 }),
    post: (topic, sender, body) => client.messages.post({ topic, sender, body }),
  }
}

async function overRawHttp(workplace: Workplace, bus: BusPlace): Promise<Rival> {
  const load = await bus.open(Math.max(...CALLERS))
  workplace.atEnd(load.close)
  return {
    name: 'bus, raw HTTP',
    notes: [],
    claim: (lane, owner, leaseMs) =>
      load.send(bus.toRequest('POST', `/api/bus/lanes/${lane}/claim`, { owner, lease_s: leaseMs / 1000 })),
    post: (topic, sender, body) => load.send(bus.toRequest('POST', '/api/bus/message', { topic, sender, body })),
  }
}
