import type { Scene } from './agenda.ts'
import type { Role } from './cast.ts'
import { claim, findPresent, MINUTE, pause, release, type Stage, say } from './stage.ts'
import { waitFor } from './waiting.ts'

/** Something short that somebody has to do on a lane that many need, beside their own work. */
interface Errand {
  readonly role: Role
  readonly topic: string
  /** The note on the lane. */
  readonly why: string
  readonly result: (stage: Stage) => string
}

const onStaging: readonly Errand[] = [
  {
    role: 'docs',
    topic: 'docs',
    why: 'screenshots for the guide',
    result: ({ random }) =>
      `The ${random.between(6, 14)} screenshots for the guide are taken; staging is free for the next one.`,
  },
  {
    role: 'builder',
    topic: 'carriers',
    why: 'a carrier’s callback that only reaches staging',
    result: ({ random }) =>
      `That carrier’s callback does reach us, after ${random.between(6, 9)} s. We gave up after 5; now it is 15.`,
  },
  {
    role: 'frontend',
    topic: 'tracking-page',
    why: 'the page with real parcels',
    result: ({ random }) =>
      `Looked at ${random.between(20, 60)} real parcels on the page: one has two deliveries, and both are shown. Good.`,
  },
  {
    role: 'ops',
    topic: 'ops',
    why: 'restart of one node under load',
    result: ({ random }) =>
      `Restarted a node under load: ${random.between(2, 9)} requests were repeated, none was lost.`,
  },
  {
    role: 'reviewer',
    topic: 'reviews',
    why: 'trying a change that I cannot judge from the diff',
    result: () =>
      'Tried on staging what I could not judge from the diff: it does what it says, also with the back button. Approved.',
  },
]

const onTheSuite: readonly Errand[] = [
  {
    role: 'builder',
    topic: 'tests',
    why: 'specs of the branch before the review',
    result: ({ random }) => `${random.between(92, 118)} specs of the branch, all green; the review can begin.`,
  },
  {
    role: 'frontend',
    topic: 'tests',
    why: 'visual specs',
    result: ({ random }) => `Visual specs: ${random.between(1, 4)} differ, all meant. New pictures are in the branch.`,
  },
  {
    role: 'ops',
    topic: 'ci',
    why: 'suite on the new base image',
    result: ({ random }) =>
      `On the new base image the suite is ${random.between(4, 11)} % faster, and otherwise the same.`,
  },
  {
    role: 'reviewer',
    topic: 'reviews',
    why: 'checking that a flake is one',
    result: ({ random }) =>
      `It is a flake: ${random.between(2, 5)} of 60 runs, on main as well. Opened a ticket, approving the change.`,
  },
  {
    role: 'migrations',
    topic: 'migrations',
    why: 'suite against the new column',
    result: ({ random }) => `Suite with the new column: ${random.between(296, 301)} of 301, what fails is known.`,
  },
]

const places = [
  { lane: 'deploy:staging', errands: onStaging },
  { lane: 'e2e-suite', errands: onTheSuite },
] as const

/** From time to time several need the same lane at once, and queue. */
export async function* gatherCrowds(stage: Stage, everyMs: number): Scene {
  const { random } = stage
  const queues = places.map(({ lane, errands }) => ({ lane, errands: [...errands] }))
  while (true) {
    const { lane, errands } = random.pick(queues)
    for (const [index, errand] of errands.splice(0, random.between(3, 4)).entries()) {
      stage.start(run(stage, lane, errand), index * 15_000 + pause(stage, 1, 14))
      // So that those who stayed away this time come first the next time.
      errands.push(errand)
    }
    yield everyMs
  }
}

async function* run(stage: Stage, lane: string, { role, topic, why, result }: Errand): Scene {
  const agent = findPresent(stage, role)
  if (!agent) return
  const hold = (await claim(stage, agent, lane, why)) ?? (yield* waitFor(stage, agent, lane, why, 14 * MINUTE))
  if (!hold) return
  yield pause(stage, 140, 260)
  if (!stage.away.has(agent)) await say(stage, agent.name, { topic, body: result(stage), hold })
  await release(stage, hold)
}
