import type { Scene } from './agenda.ts'
import type { Agent } from './cast.ts'
import { askPerson } from './flags.ts'
import {
  claim,
  claimAll,
  findHolder,
  findPresent,
  type Hold,
  MINUTE,
  pause,
  release,
  type Stage,
  say,
} from './stage.ts'
import { waitFor } from './waiting.ts'

const TOPIC = 'release'
const LANES = ['changelog', 'deploy:staging', 'release-train']

/** A release from the call for changes to the last percent, with three lanes at once and a person's yes. */
export async function* runTrain(stage: Stage, agent: Agent): Scene {
  const { random } = stage
  const version = `4.${++stage.lastVersion}.0`
  const change = () => `#${stage.lastPullRequest - random.between(0, 20)}`
  const tell = (body: string, hold?: Hold) => say(stage, agent.name, { topic: TOPIC, body, ...(hold ? { hold } : {}) })
  await tell(
    `Train ${version} leaves in a few minutes. On board: ${change()}, ${change()}, ${change()}. Whoever wants to come along merges now.`,
  )
  yield pause(stage, 120, 240)
  const holds = yield* takeLanes(stage, agent, version)
  if (!holds) return
  const train = holds.find(({ lane }) => lane === 'release-train')
  await tell(`${version}-rc.1 is tagged and on its way to staging.`, train)
  yield pause(stage, 120, 200)
  await tell(
    `Staging runs ${version}-rc.1: smoke ${random.pick(['18 of 18', '17 of 18, the known flake in labels'])}, p95 ${random.between(288, 341)} ms.`,
    train,
  )
  await releaseNamed(stage, holds, 'deploy:staging')
  yield pause(stage, 10, 40)
  yield* askTester(stage, agent, version)
  const { isGranted, thread } = yield* askPerson(stage, agent, {
    topic: TOPIC,
    body: `Approve the rollout of ${version} to production? 10 %, 50 %, 100 %, some minutes each; the way back is one command. Migrations in it: none.`,
    yes: `Approved ${version}. Stop at 10 % if the error rate is above 0.5 %.`,
    no: `Not ${version} today: support is short of hands until six. Keep the tag, go tomorrow at nine.`,
  })
  yield pause(stage, 20, 60)
  if (isGranted) yield* rollOut(stage, agent, version, thread)
  else await say(stage, agent.name, { topic: TOPIC, body: `${version} stays tagged and waits for tomorrow.`, thread })
  for (const hold of holds) await release(stage, hold)
}

/** All three lanes or none; while one is taken the train queues for it. */
async function* takeLanes(stage: Stage, agent: Agent, version: string): Scene<Hold[] | undefined> {
  const note = `release train ${version}`
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const holds = await claimAll(stage, agent, LANES, note)
    if (holds) return holds
    const taken = LANES.find((lane) => findHolder(stage, lane) ?? stage.queues.get(lane)?.length) ?? 'deploy:staging'
    const owner = findHolder(stage, taken)?.name ?? 'somebody else'
    const body = `${version} waits: ${taken} is with ${owner}, and the train takes its three lanes at once or not at all.`
    await say(stage, agent.name, { topic: TOPIC, body })
    const hold = yield* waitFor(stage, agent, taken, note, 8 * MINUTE)
    // Claimed again with the others, so that there is never a train with one lane.
    if (hold) yield pause(stage, 2, 5)
  }
  for (const hold of [...stage.holds]) if (hold.agent === agent) await release(stage, hold)
  await say(stage, agent.name, {
    topic: TOPIC,
    body: `${version} does not get its lanes; trying again with the next train.`,
  })
  return undefined
}

async function* askTester(stage: Stage, agent: Agent, version: string): Scene {
  const tester = findPresent(stage, 'tester', agent)
  if (!tester) return
  const body = `Is there anything that speaks against ${version}?`
  const thread = await say(stage, agent.name, { topic: TOPIC, body, to: tester.name })
  yield pause(stage, 40, 150)
  if (stage.away.has(tester)) return
  const answer = stage.random.pick([
    'Nothing. The nightly was green, and so is the contract suite against the partners’ sandbox.',
    'No. One flake in labels, known and ticketed; it fails on main, too.',
    'Nothing that blocks. I would like the label printer looked at after the 10 %.',
  ])
  await say(stage, tester.name, { topic: TOPIC, body: answer, to: agent.name, thread })
}

async function* rollOut(stage: Stage, agent: Agent, version: string, thread: number | undefined): Scene {
  const { random } = stage
  const note = `rolling out ${version}`
  const hold =
    (await claim(stage, agent, 'deploy:production', note)) ??
    (yield* waitFor(stage, agent, 'deploy:production', note, 6 * MINUTE))
  if (!hold) return
  for (const share of ['10 %', '50 %', '100 %']) {
    const rate = `0.${random.between(17, 29)} %`
    const body = `${version} is at ${share}: error rate ${rate}, queue depth ${random.between(40, 160)}, no alert.`
    await say(stage, agent.name, { topic: TOPIC, body, thread, hold })
    yield pause(stage, 110, 200)
  }
  await say(stage, agent.name, {
    topic: TOPIC,
    body: `${version} is out. Thanks, everybody; the next train leaves in an hour.`,
    hold,
  })
  await release(stage, hold)
}

async function releaseNamed(stage: Stage, holds: readonly Hold[], lane: string): Promise<void> {
  for (const hold of holds) if (hold.lane === lane) await release(stage, hold)
}
