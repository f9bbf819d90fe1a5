/** How many durable posts per second on PostgreSQL, with 1, 2 and 4 buses, beside the same rows inserted by hand? */

import { openDirectBus } from '../test/correctness/direct-bus.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { openBareInsert } from './support/bare-insert.ts'
import { type Contender, measure } from './support/measure.ts'
import { type Answer, type Budget, type Ratio, rate, type Section, type Target } from './support/question.ts'
import type { RawLoad } from './support/raw-load.ts'
import { type BusPlace, type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'How many durable posts per second do buses on one PostgreSQL take, beside a bare batch insert?'

export const targets: readonly Target[] = [
  {
    name: 'append.64.ofInsert',
    says: 'PostgreSQL: posts in process at 64 callers, of the bare batch insert',
    atLeast: 0.7,
  },
]

const CALLERS = [1, 16, 64, 256]
const NODES = [1, 2, 4]
const MESSAGE = { topic: 'bench', sender: 'bench', body: 'x'.repeat(200) }

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const { buses, embedded, insert, append } = await startAll(workplace)
    const sections: Section[] = []
    const ratios: Ratio[] = []
    for (const callers of CALLERS) {
      const loads: RawLoad[] = []
      const contenders: Contender[] = [
        { name: 'bare insert', callers, call: () => insert(MESSAGE) },
        { name: 'post, in process', callers, call: () => append(MESSAGE) },
        await toContender('embedded', [embedded], callers, loads),
      ]
      for (const count of NODES) {
        const name = `PostgreSQL × ${count}`
        contenders.push(await toContender(name, buses.slice(0, count), callers, loads))
      }
      const figures = await measure(
        contenders.map((contender) => [contender]),
        budget,
      )
      for (const load of loads) load.close()
      sections.push({
        title: `${callers} ${callers === 1 ? 'caller' : 'callers'}`,
        scale: { of: 'callers', value: callers },
        figures: figures.all,
      })
      ratios.push(
        rate(`append.${callers}.ofInsert`, figures.ratio('post, in process', 'bare insert')),
        rate(`http.${callers}.ofInsert`, figures.ratio('PostgreSQL × 1', 'bare insert')),
      )
    }
    return {
      sections,
      ratios,
      notes: [
        'bare insert: the rows of a post on one connection of pg, one statement for all that waits;',
        'post, in process: the operation without HTTP, so that it is the store alone that is held against it',
      ],
    }
  })
}

async function startAll(workplace: Workplace) {
  const postgres = await startPostgres(workplace.folder)
  workplace.atEnd(postgres.stop)
  const embedded = await workplace.startBus()
  const url = await postgres.createDatabase()
  const buses: BusPlace[] = []
  for (let count = 0; count < Math.max(...NODES); count += 1) {
    buses.push(await workplace.startBusWith(['--database-url', url]))
  }
  const bare = await openBareInsert(await postgres.createDatabase())
  workplace.atEnd(bare.close)
  const direct = await openDirectBus({
    path: await postgres.createDatabase(),
    minLeaseMs: 1_000,
    maxLeaseMs: 86_400_000,
  })
  workplace.atEnd(direct.close)
  const append = async (message: object) => {
    const { status } = await direct.call('messages.post', message)
    if (status !== 200) throw new Error(`a post in process was refused with ${status}`)
  }
  return { buses, embedded, insert: bare.insert, append }
}

/** Posts to the buses in turn. */
async function toContender(
  name: string,
  buses: readonly BusPlace[],
  callers: number,
  loads: RawLoad[],
): Promise<Contender> {
  const ways = await Promise.all(
    buses.map(async (bus) => {
      const load = await bus.open(Math.ceil(callers / buses.length))
      loads.push(load)
      return { load, request: bus.toRequest('POST', '/api/bus/message', MESSAGE) }
    }),
  )
  let turn = 0
  return {
    name,
    callers,
    call: async () => {
      turn += 1
      const way = ways[turn % ways.length]
      await way?.load.send(way.request)
    },
  }
}
