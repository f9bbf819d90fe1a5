import type { Scene } from './agenda.ts'
import type { Agent } from './cast.ts'
import { answerOwner, askOwner, gaveUp, gotLane, noAnswer } from './chatter.ts'
import { claim, findHolder, type Hold, MINUTE, pause, type Saying, type Stage, say, unlessRefused } from './stage.ts'
import { phrase } from './story.ts'
import { waitFor } from './waiting.ts'

/** Claims a lane; where somebody has it, asks them and queues. Returns undefined when it was not to be had. */
export async function* enter(stage: Stage, agent: Agent, lane: string, why: string): Scene<Hold | undefined> {
  return (await claim(stage, agent, lane, why)) ?? (yield* askAndWait(stage, agent, lane, why))
}

async function* askAndWait(stage: Stage, agent: Agent, lane: string, why: string): Scene<Hold | undefined> {
  const { random, away } = stage
  const holder = findHolder(stage, lane)
  const owner = holder?.name ?? (await findVisitor(stage, lane))
  if (owner === undefined) return undefined
  const patience = random.between(6, 9)
  const names = { lane, why, owner, minutes: String(patience) }
  const topic = `lane:${lane}`
  const thread = await say(stage, agent.name, { topic, body: phrase(random, askOwner, names), to: owner })
  const answer = { topic, body: phrase(random, answerOwner, names), to: agent.name, thread }
  if (holder) stage.doLater(() => answerIfPresent(stage, holder, answer), pause(stage, 20, 70))
  const hold = yield* waitFor(stage, agent, lane, why, patience * MINUTE)
  const outcome = hold ? gotLane : holder && away.has(holder) ? noAnswer : gaveUp
  await say(stage, agent.name, { topic, body: phrase(random, outcome, names), thread })
  return hold
}

/** Who holds a lane that nobody on stage holds; a lane whose holder went down is left to those who see to it. */
async function findVisitor({ client, abandoned }: Stage, lane: string): Promise<string | undefined> {
  if (abandoned.has(lane)) return undefined
  const answer = await unlessRefused(client.lanes.get({ lane }))
  return answer?.lane.state === 'held' ? (answer.lane.owner ?? undefined) : undefined
}

async function answerIfPresent(stage: Stage, agent: Agent, saying: Saying): Promise<void> {
  if (!stage.away.has(agent)) await say(stage, agent.name, saying)
}
