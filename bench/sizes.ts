/** Does a bus with ten million messages, or with a hundred thousand lanes, answer as one with ten thousand does? */
import { busyTopic, filledLane, QUIET_TOPICS, quietTopic } from './support/fill.ts'
import { startFilledBus } from './support/filled-bus.ts'
import { type Figures, measure, summarize } from './support/measure.ts'
import { NO_MEMORY, readMemory } from './support/memory.ts'
import { type Answer, type Budget, cost, type Ratio, rate, type Section, type Target } from './support/question.ts'
import { type BusPlace, type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'Does a bus that has much behind it answer as one that has little?'

const SMALL = 10_000
/** Both lists of the status are full at 100, so that all buses answer with as many bytes. */
const FEW_LANES = 100
const MANY_LANES = 100_000
const CALLERS = 16
/** Within 1.2 × of 10^4. */
const LIMIT = Number((1 / 1.2).toFixed(3))

const OPERATIONS = [
  'post',
  'claim',
  'hot',
  'otherTopic',
  'back',
  'since',
  'message',
  'events',
  'status',
  'topics',
  'lanes',
]

const KEYS = ['1000000', '10000000', 'lanes'] as const

export const targets: readonly Target[] = [
  ...KEYS.map((key): Target => ({ name: `slowest.${key}.ofSmall`, says: describeSlowest(key), atLeast: LIMIT })),
  { name: 'status.anySize.ofHot', says: 'cost of a status at any size, of 50 messages from memory', atMost: 2 },
  { name: 'status.anySize.ofBack', says: 'cost of a status at any size, of 50 messages from the file', atMost: 2 },
]

function describeSlowest(key: (typeof KEYS)[number]): string {
  const what = 'the operation that suffers most'
  return key === 'lanes'
    ? `${what} with 100,000 held lanes, of its rate with 100`
    : `${what} at ${Number(key).toLocaleString('en-US')} messages, of its rate at 10,000`
}

interface Sized {
  readonly key: string
  readonly title: string
  readonly messages: number
  readonly bus: BusPlace & { readonly fileBytes: number }
}

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const all = await startAll(workplace, budget.isFull)
    const figures = await measureAll(all, { ...budget, seconds: Math.min(budget.seconds, 1) })
    const sections = all.map((one) => toSection(one, figures))
    const ratios = all.flatMap((one) => toRatios(one.key, figures))
    const anySize = (name: string) =>
      Math.max(...all.map(({ key }) => figures.ratio(`${name}.${key}`, `status.${key}`)))
    ratios.push(cost('status.anySize.ofHot', anySize('hot')), cost('status.anySize.ofBack', anySize('back')))
    const left = budget.isFull ? [] : ['10^7 messages: measured by --full']
    return {
      sections,
      ratios,
      notes: [
        ...left,
        'hot, back, since: 50 messages, as under reads; otherTopic: 5 of a topic at random; message: one by its id;',
        'events: 50 after an id at random; topics, lanes: a page of their list',
        `${CALLERS} callers; written into the file in SQL, whose index of words is left empty and said to be complete`,
        ...(readMemory(process.pid) === undefined ? [NO_MEMORY] : []),
      ],
    }
  })
}

async function startAll(workplace: Workplace, isFull: boolean): Promise<Sized[]> {
  const start = async (key: string, title: string, messages: number, lanes: number): Promise<Sized> => {
    const startedAt = performance.now()
    const bus = await startFilledBus(workplace, { messages, lanes })
    console.log(`  ${title}: file made in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    return { key, title, messages, bus }
  }
  const sizes = [SMALL, 1_000_000, ...(isFull ? [10_000_000] : [])]
  const all: Sized[] = []
  for (const size of sizes) {
    all.push(await start(String(size), `${size.toLocaleString('en-US')} messages`, size, FEW_LANES))
  }
  return [
    ...all,
    await start('lanes', `${SMALL} messages, ${MANY_LANES.toLocaleString('en-US')} lanes`, SMALL, MANY_LANES),
  ]
}

/** Every operation on all buses in turn, before the next one. */
async function measureAll(all: readonly Sized[], budget: Budget): Promise<Figures> {
  const loads = await Promise.all(all.map(({ bus }) => bus.open(CALLERS)))
  const calls = all.map(prepareCalls)
  const turns = OPERATIONS.flatMap((name) =>
    all.map(({ key }, index) => {
      const next = calls[index]?.[name]
      const load = loads[index]
      if (!next || !load) throw new Error(`nothing asks for ${name}`)
      return [{ name: `${name}.${key}`, callers: CALLERS, call: () => load.send(next()) }]
    }),
  )
  const figures = await measure(turns, budget)
  for (const load of loads) load.close()
  return figures
}

/** What is asked, spread over all that there is, so that no bus answers from what it has just read. */
function prepareCalls({ bus, messages, key }: Sized): Record<string, () => Buffer> {
  const get = (path: string) => bus.toRequest('GET', `/api/bus/${path}`)
  const random = (from: number, to: number) => Math.floor(from + (to - from) * Math.random())
  const lanes = key === 'lanes' ? MANY_LANES : FEW_LANES
  let count = 0
  return {
    post: () => {
      count += 1
      const topic = count % 4 === 0 ? busyTopic(count / 4) : quietTopic(count)
      return bus.toRequest('POST', '/api/bus/message', { topic, sender: `agent-${count % 50}`, body: 'x'.repeat(200) })
    },
    claim: () => {
      const number = random(0, lanes)
      return bus.toRequest('POST', `/api/bus/lanes/${filledLane(number)}/claim`, {
        owner: `owner-${number}`,
        lease_s: 86_400,
      })
    },
    hot: () => get(`messages?topic=${busyTopic(0)}`),
    // As many as a topic has where there is least, so that all answer with as many bytes.
    otherTopic: () => get(`messages?limit=5&topic=${quietTopic(random(0, QUIET_TOPICS))}`),
    back: () => get(`messages?topic=${busyTopic(random(0, 4))}&before_id=${random(messages * 0.3, messages)}`),
    since: () => get(`messages?since_id=${random(messages * 0.1, messages * 0.9)}`),
    message: () => get(`messages/${random(1, messages)}`),
    events: () => get(`events?limit=50&since_id=${random(messages * 0.1, messages * 0.9)}`),
    status: () => get('status'),
    topics: () => get('topics'),
    lanes: () => get('lanes?limit=50'),
  }
}

function toSection({ key, title, messages, bus }: Sized, figures: Figures): Section {
  const memory = readMemory(bus.pid)
  return {
    title,
    ...(key === 'lanes' ? {} : { scale: { of: 'messages', value: messages } }),
    figures: [
      ...OPERATIONS.map((name) => ({ ...figures.of(`${name}.${key}`), name })),
      summarize('file', [bus.fileBytes / 1024 / 1024], 'MiB'),
      ...(memory === undefined ? [] : [summarize('memory', [memory], 'MiB')]),
    ],
  }
}

function toRatios(key: string, figures: Figures): Ratio[] {
  const small = String(SMALL)
  const statuses = [
    cost(`status.${key}.ofHot`, figures.ratio(`hot.${key}`, `status.${key}`)),
    cost(`status.${key}.ofBack`, figures.ratio(`back.${key}`, `status.${key}`)),
  ]
  if (key === small) return statuses
  const all = OPERATIONS.map((name) =>
    rate(`${name}.${key}.ofSmall`, figures.ratio(`${name}.${key}`, `${name}.${small}`)),
  )
  return [...all, rate(`slowest.${key}.ofSmall`, Math.min(...all.map(({ value }) => value))), ...statuses]
}
