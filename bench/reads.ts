/** How fast is what is read most, beside an echo of as many bytes: alone, and while others write? */
import { busyTopic, QUIET_TOPICS, quietTopic } from './support/fill.ts'
import { startFilledBus } from './support/filled-bus.ts'
import { alone, type Contender, type Figures, measure } from './support/measure.ts'
import { type Answer, type Budget, cost, type Ratio, rate, type Target } from './support/question.ts'
import { type BusPlace, type Place, withWorkplace } from './support/servers.ts'

export const asks = 'How fast is what is read most, alone and while 64 callers write?'

export const targets: readonly Target[] = [
  { name: 'hot.ofEcho', says: 'newest 50 of a busy topic, again and again, of an echo of as many bytes', atLeast: 0.8 },
  { name: 'otherTopic.ofEcho', says: 'newest 50 of another topic each time, of the echo', atLeast: 0.25 },
  { name: 'back.ofEcho', says: '50 of a busy topic before an id at random, of the echo', atLeast: 0.25 },
  { name: 'status.ofHot', says: 'cost of a status, of the newest 50 from memory', atMost: 2 },
  { name: 'status.ofOtherTopic', says: 'cost of a status, of the newest 50 from the file', atMost: 2 },
  { name: 'hot.besidePosts', says: '16 readers of one topic beside 64 writers, of their rate alone', atLeast: 0.5 },
  { name: 'post.besideHot', says: '64 writers beside these readers, of their rate alone', atLeast: 0.5 },
  { name: 'post.besideHot.p99', says: 'p99 of a post beside them', atMost: 25 },
  {
    name: 'cold.besidePosts',
    says: '16 readers of another topic each time beside 64 writers, of their rate alone',
    atLeast: 0.5,
  },
  { name: 'post.besideCold', says: '64 writers beside these readers, of their rate alone', atLeast: 0.5 },
  { name: 'post.besideCold.p99', says: 'p99 of a post beside them', atMost: 25 },
]

const MESSAGES = 100_000
const READERS = 16
const WRITERS = 64

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await startFilledBus(workplace, { messages: MESSAGES, lanes: 100 })
    const echo = await workplace.startEcho()
    const { figures: idle, bytes } = await measureIdle(bus, echo, budget)
    const together = await measureBesidePosts(bus, budget)
    return {
      sections: [
        { title: `${READERS} readers, nobody writes; a page is ${bytes} bytes`, figures: idle.all },
        { title: `${READERS} readers, ${WRITERS} writers, alone and together`, figures: together.all },
      ],
      ratios: [
        ...['hot', 'otherTopic', 'back', 'all', 'since'].map((name) =>
          rate(`${name}.ofEcho`, idle.ratio(name, 'echo')),
        ),
        ...['hot', 'otherTopic'].map((name) =>
          cost(`status.of${name === 'hot' ? 'Hot' : 'OtherTopic'}`, idle.ratio(name, 'status')),
        ),
        ...compareTogether(together, 'hot', 'Hot'),
        ...compareTogether(together, 'cold', 'Cold'),
      ],
      notes: [
        'hot: the newest 50 of a busy topic, again and again; otherTopic: of another topic each time, 997 in turn;',
        'back: 50 of a busy topic before an id at random; all: the newest 50 of all topics; since: 50 after an id near the end',
      ],
    }
  })
}

/** Requests of which each is another one, in turn. */
function rotate(requests: readonly Buffer[]): () => Buffer {
  const [first] = requests
  if (!first) throw new Error('there is nothing to ask')
  let next = 0
  return () => requests[next++ % requests.length] ?? first
}

function prepareReads(bus: Place) {
  const get = (query: string) => bus.toRequest('GET', `/api/bus/messages?${query}`)
  const randomId = () => Math.floor(MESSAGES * (0.05 + 0.9 * Math.random()))
  const otherTopic = rotate(Array.from({ length: QUIET_TOPICS }, (_, number) => get(`topic=${quietTopic(number)}`)))
  const back = rotate(
    Array.from({ length: 5_000 }, (_, number) => get(`topic=${busyTopic(number)}&before_id=${randomId()}`)),
  )
  const hot = get(`topic=${busyTopic(0)}`)
  const all = get('limit=50')
  const since = get(`since_id=${MESSAGES - 60}`)
  const status = bus.toRequest('GET', '/api/bus/status')
  return { hot: () => hot, otherTopic, back, all: () => all, since: () => since, status: () => status }
}

async function measureIdle(bus: BusPlace, echo: Place, budget: Budget): Promise<{ figures: Figures; bytes: number }> {
  const [toEcho, toBus] = [await echo.open(READERS), await bus.open(READERS)]
  const reads = prepareReads(bus)
  const bytes = await toBus.send(reads.hot())
  const echoed = echo.toRequest('GET', `/?bytes=${bytes}`)
  const calls = Object.entries(reads).map(([name, next]) => [name, () => toBus.send(next())] as const)
  const figures = await measure(
    alone(READERS, { echo: () => toEcho.send(echoed), ...Object.fromEntries(calls) }),
    budget,
  )
  toEcho.close()
  toBus.close()
  return { figures, bytes }
}

/** The writers post into the topics that are read, so that nothing that is read stays as it was. */
async function measureBesidePosts(bus: BusPlace, budget: Budget): Promise<Figures> {
  const [toRead, toWrite] = [await bus.open(READERS), await bus.open(WRITERS)]
  const { hot, otherTopic, all, since } = prepareReads(bus)
  const posts = rotate(
    Array.from({ length: 40 }, (_, number) =>
      bus.toRequest('POST', '/api/bus/message', {
        topic: number % 4 === 0 ? busyTopic(number / 4) : quietTopic(number),
        sender: 'bench',
        body: 'x'.repeat(200),
      }),
    ),
  )
  const read = (name: string, next: () => Buffer): Contender => ({
    name,
    callers: READERS,
    call: () => toRead.send(next()),
  })
  const post = (name: string): Contender => ({ name, callers: WRITERS, call: () => toWrite.send(posts()) })
  const figures = await measure(
    [
      [read('hot', hot)],
      [read('cold', otherTopic)],
      [post('post')],
      [read('hot beside posts', hot), post('post beside hot')],
      [read('cold beside posts', otherTopic), post('post beside cold')],
      [read('all beside posts', all), post('post beside all')],
      [read('since beside posts', since), post('post beside since')],
    ],
    budget,
  )
  toRead.close()
  toWrite.close()
  return figures
}

function compareTogether(figures: Figures, read: string, label: string): Ratio[] {
  const post = `post beside ${read}`
  return [
    rate(`${read}.besidePosts`, figures.ratio(`${read} beside posts`, read)),
    rate(`post.beside${label}`, figures.ratio(post, 'post')),
    cost(`post.beside${label}.p99`, figures.of(post).p99Ms ?? 0, 'ms'),
  ]
}
