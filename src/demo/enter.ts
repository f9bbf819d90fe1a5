import type { Scene } from './agenda.ts'
import type { Agent } from './cast.ts'
import { answerOwner, askOwner, gaveUp, gotLane, noAnswer } from './chatter.ts'
import { claim, findHolder, type Hold, MINUTE, pause, type Saying, type Stage, say } from './stage.ts'
import { phrase } from './story.ts'
import { waitFor } from './waiting.ts'

/** Claims a lane; where somebody has it, asks them and queues. Returns undefined when it was not to be had. */
export async function* enter(stage: Stage, agent: Agent, lane: string, why: string): Scene<Hold | undefined> {
  return (await claim(stage, agent, lane, why)) ?? (yield* askAndWait(stage, agent, lane, why))
}

async function* askAndWait(stage: Stage, agent: Agent, lane: string, why: string): Scene<Hold | undefined> {
  const { random, away } = stage
  const owner = findHolder(stage, lane)
  // A lane that nobody on stage holds is a visitor's, or waits for somebody to see to it.
  if (!owner) return undefined
  const patience = random.between(6, 9)
  const names = { lane, why, owner: owner.name, minutes: String(patience) }
  const topic = `lane:${lane}`
  const thread = await say(stage, agent.name, { topic, body: phrase(random, askOwner, names), to: owner.name })
  const answer = { topic, body: phrase(random, answerOwner, names), to: agent.name, thread }
  stage.doLater(() => answerIfPresent(stage, owner, answer), pause(stage, 20, 70))
  const hold = yield* waitFor(stage, agent, lane, why, patience * MINUTE)
  const outcome = hold ? gotLane : away.has(owner) ? noAnswer : gaveUp
  await say(stage, agent.name, { topic, body: phrase(random, outcome, names), thread })
  return hold
}

async function answerIfPresent(stage: Stage, agent: Agent, saying: Saying): Promise<void> {
  if (!stage.away.has(agent)) await say(stage, agent.name, saying)
}
