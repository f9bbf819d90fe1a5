/** How does the bus serve fifty agents that work as agents do, without a pause? */
import { measure, summarize } from './support/measure.ts'
import { type Answer, type Budget, cost, rate, type Target } from './support/question.ts'
import { type Place, withWorkplace } from './support/servers.ts'

export const asks =
  'How long do fifty agents wait for a claim who claim, post, read, renew and release without a pause?'

export const targets: readonly Target[] = [
  { name: 'agents.claim.p99', says: 'p99 of a claim among 50 agents', atMost: 25 },
]

const AGENTS = 50
const POSTS = 5
const READS = 5
/** Agents talk in a few topics. */
const TOPICS = 10

type Step = 'claim' | 'post' | 'read' | 'heartbeat' | 'release'
const CALLS = 1 + POSTS + READS + 1 + 1

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const echo = await workplace.startEcho()
    const [toBus, toEcho] = [await bus.open(AGENTS), await echo.open(AGENTS)]
    const times = new Map<Step, number[]>()
    const agents = Array.from({ length: AGENTS }, (_, number) => prepareAgent(bus, number))
    const work = async () => {
      const agent = agents.pop()
      if (!agent) throw new Error('more callers than agents')
      for (const [step, request] of agent) {
        const startedAt = performance.now()
        await toBus.send(request)
        const all = times.get(step) ?? []
        all.push(performance.now() - startedAt)
        times.set(step, all)
      }
      agents.push(agent)
    }
    const echoed = echo.toRequest('POST', '/?bytes=600', '{}')
    const echoAll = async () => {
      for (let call = 0; call < CALLS; call += 1) await toEcho.send(echoed)
    }
    const turns = [
      [{ name: 'bare echo, as many calls', callers: AGENTS, call: echoAll }],
      [{ name: 'agents, whole turns', callers: AGENTS, call: work }],
    ]
    // What only warms up is not among the single calls either, but for the one round that belongs to the rates.
    await measure(turns, { ...budget, rounds: 0 })
    times.clear()
    const figures = await measure(turns, budget)
    toBus.close()
    toEcho.close()
    const steps = [...times].map(([step, all]) => summarize(step, all))
    const claim = steps.find(({ name }) => name === 'claim')
    return {
      sections: [
        { title: `${AGENTS} agents; a turn is ${CALLS} calls`, figures: figures.all },
        { title: 'how long one call took, over all rounds', figures: steps },
      ],
      ratios: [
        cost('agents.claim.p99', claim?.p99Ms ?? Number.NaN, 'ms'),
        rate('agents.ofEcho', figures.ratio('agents, whole turns', 'bare echo, as many calls')),
      ],
    }
  })
}

function prepareAgent(bus: Place, number: number): (readonly [Step, Buffer])[] {
  const owner = `agent-${number}`
  const lane = `/api/bus/lanes/lane-${number}`
  const act = (verb: string, input: object = {}) => bus.toRequest('POST', `${lane}/${verb}`, { owner, ...input })
  const topic = (step: number) => `topic-${(number + step) % TOPICS}`
  const posts = Array.from({ length: POSTS }, (_, step): readonly [Step, Buffer] => [
    'post',
    bus.toRequest('POST', '/api/bus/message', { topic: topic(step), sender: owner, body: 'x'.repeat(200) }),
  ])
  const reads = Array.from({ length: READS }, (_, step): readonly [Step, Buffer] => [
    'read',
    bus.toRequest('GET', `/api/bus/messages?topic=${topic(step)}`),
  ])
  return [
    ['claim', act('claim', { note: 'at work' })],
    ...posts.flatMap((post, index) => [post, ...reads.slice(index, index + 1)]),
    ['heartbeat', act('heartbeat')],
    ['release', act('release')],
  ]
}
