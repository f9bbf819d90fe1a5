import type { Scene } from './agenda.ts'
import { type Agent, cast } from './cast.ts'
import { clears, finishes, notices, returnsToCleared, returnsToLost, returnsToOwn, takesOver } from './chatter.ts'
import {
  claim,
  findPresent,
  type Hold,
  leaveEverything,
  pause,
  release,
  SECOND,
  type Stage,
  say,
  unlessRefused,
} from './stage.ts'
import { phrase } from './story.ts'

const TOPIC = 'lanes'

/** An agent goes down in the middle of its work: its lease runs out, and the lane stays orphaned for a while. */
export async function* goDown(stage: Stage, agent: Agent): Scene {
  const { random, away } = stage
  away.add(agent)
  const [left, ...others] = leaveEverything(stage, agent)
  if (!left) return
  const names = { lane: left.lane, agent: agent.name }
  yield left.leaseSeconds * SECOND + pause(stage, 60, 150)
  const planner = findPresent(stage, 'planner', agent)
  if (planner) await say(stage, planner.name, { topic: TOPIC, body: phrase(random, notices, names) })
  yield pause(stage, 240, 540)
  for (const hold of others) yield* clear(stage, hold)
  const other = random.chance(0.65) ? findPresent(stage, random.pick(['builder', 'reviewer', 'ops']), agent) : undefined
  if (other) yield* takeOver(stage, other, left)
  else if (random.chance(0.5)) yield* clear(stage, left)
  else return yield* comeBackToOwn(stage, left)
  yield pause(stage, 120, 400)
  away.delete(agent)
  const returns = other ? returnsToLost : returnsToCleared
  await say(stage, agent.name, { topic: TOPIC, body: phrase(random, returns, names) })
}

async function* takeOver(stage: Stage, other: Agent, { lane, agent }: Hold): Scene {
  const { random } = stage
  const names = { lane, agent: agent.name }
  const hold = await claim(stage, other, lane, `picking up what ${agent.name} left`)
  stage.abandoned.delete(lane)
  if (!hold) return
  yield pause(stage, 15, 45)
  const body = phrase(random, takesOver, { ...names, fence: String(hold.fence) })
  await say(stage, other.name, { topic: TOPIC, body, hold })
  yield pause(stage, 150, 300)
  await say(stage, other.name, {
    topic: TOPIC,
    body: phrase(random, finishes, { ...names, pr: `#${++stage.lastPullRequest}` }),
    hold,
  })
  await release(stage, hold)
}

async function* clear(stage: Stage, { lane, agent }: Hold): Scene {
  const planner = cast.find(({ role }) => role === 'planner') ?? agent
  const note = `${agent.name} is down, nothing was half done`
  await unlessRefused(stage.client.lanes.release({ lane, owner: planner.name, note }))
  stage.abandoned.delete(lane)
  yield pause(stage, 5, 20)
  const body = phrase(stage.random, clears, { lane, agent: agent.name })
  await say(stage, planner.name, { topic: TOPIC, body })
}

async function* comeBackToOwn(stage: Stage, { lane, agent }: Hold): Scene {
  const { random, away } = stage
  away.delete(agent)
  const hold = await claim(stage, agent, lane, 'going on after a restart')
  stage.abandoned.delete(lane)
  const names = { lane, agent: agent.name, fence: String(hold?.fence ?? 0), pr: `#${++stage.lastPullRequest}` }
  await say(stage, agent.name, { topic: TOPIC, body: phrase(random, hold ? returnsToOwn : returnsToLost, names) })
  if (!hold) return
  yield pause(stage, 180, 360)
  await say(stage, agent.name, { topic: TOPIC, body: `${lane} is done after all, merged as ${names.pr}.`, hold })
  await release(stage, hold)
}
