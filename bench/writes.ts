/** How many durable posts and claims per second, and how long one takes, at 1, 16, 64 and 256 callers? */
import { openDiskFloor } from './support/disk-floor.ts'
import { alone, measure, sample, timed } from './support/measure.ts'
import { type Answer, type Budget, cost, type Ratio, rate, type Section, type Target } from './support/question.ts'
import { type Place, withWorkplace } from './support/servers.ts'

export const asks = 'How many durable posts and claims per second, and how long does one take?'

export const targets: readonly Target[] = [
  { name: 'post.64.ofEcho', says: 'posts per second at 64 callers, each durable, of those of the echo', atLeast: 0.6 },
  { name: 'post.64.p99', says: 'p99 of a post at 64 callers', atMost: 25 },
  { name: 'post.1.ofSyncAndEcho', says: 'p50 of a lone post, of one fdatasync and one echo', atMost: 1.5 },
]

const CALLERS = [1, 16, 64, 256]

/** Renewed again and again, so that the number of lanes stays what it is. */
const LANES = 1_000

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const echo = await workplace.startEcho()
    const requests = await prepareRequests(bus, echo)
    const sections: Section[] = []
    const ratios: Ratio[] = []
    for (const callers of CALLERS) {
      const [toEcho, toBus] = [await echo.open(callers), await bus.open(callers)]
      const figures = await measure(
        alone(callers, {
          'bare echo': () => toEcho.send(requests.echo),
          post: () => toBus.send(requests.post),
          'post with a key': () => toBus.send(requests.nextKeyed()),
          claim: () => toBus.send(requests.nextClaim()),
        }),
        budget,
      )
      toEcho.close()
      toBus.close()
      sections.push({
        title: `${callers} ${callers === 1 ? 'caller' : 'callers'}`,
        scale: { of: 'callers', value: callers },
        figures: figures.all,
      })
      ratios.push(
        rate(`keyed.${callers}.ofPost`, figures.ratio('post with a key', 'post')),
        ...['post', 'claim'].map((name) => rate(`${name}.${callers}.ofEcho`, figures.ratio(name, 'bare echo'))),
      )
      if (callers === 64) ratios.push(cost('post.64.p99', figures.of('post').p99Ms ?? 0, 'ms'))
    }
    const one = await measureOne(bus, echo, workplace.folder, requests, budget)
    return { sections: [one.section, ...sections], ratios: [one.ratio, ...ratios] }
  })
}

interface Requests {
  readonly echo: Buffer
  readonly post: Buffer
  nextClaim(): Buffer
  /** A post as the client and the MCP server send it: made once, however often it is asked for. */
  nextKeyed(): Buffer
}

/** The echo answers with as many bytes as the bus does to a post. */
async function prepareRequests(bus: Place, echo: Place): Promise<Requests> {
  const message = { topic: 'bench', sender: 'bench', body: 'x'.repeat(200) }
  const post = bus.toRequest('POST', '/api/bus/message', message)
  const load = await bus.open(1)
  const size = await load.send(post)
  load.close()
  const claims = Array.from({ length: LANES }, (_, lane) =>
    bus.toRequest('POST', `/api/bus/lanes/lane-${lane}/claim`, { owner: 'bench' }),
  )
  let next = 0
  return {
    post,
    echo: echo.toRequest('POST', `/?bytes=${size}`, message),
    nextKeyed: () =>
      bus.toRequest('POST', '/api/bus/message', message, { 'idempotency-key': `bench-${process.pid}-${next++}` }),
    nextClaim: () => claims[next++ % LANES] ?? post,
  }
}

/** A lone caller beside what nobody can leave out: one round trip, and one sync. One call of each in turn. */
async function measureOne(bus: Place, echo: Place, folder: string, requests: Requests, budget: Budget) {
  const disk = openDiskFloor(folder)
  const [toEcho, toBus] = [await echo.open(1), await bus.open(1)]
  const figures = await sample(
    {
      fdatasync: disk.sync,
      'bare echo': timed(() => toEcho.send(requests.echo)),
      post: timed(() => toBus.send(requests.post)),
      claim: timed(() => toBus.send(requests.nextClaim())),
    },
    budget.rounds * 500,
  )
  disk.close()
  toEcho.close()
  toBus.close()
  const floor = figures.of('fdatasync').median + figures.of('bare echo').median
  return {
    section: { title: 'one call of each in turn', figures: figures.all },
    ratio: cost('post.1.ofSyncAndEcho', figures.of('post').median / floor),
  }
}
