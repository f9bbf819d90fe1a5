import type { Scene } from './agenda.ts'
import { type Agent, OPERATOR } from './cast.ts'
import { reminders, thanksVisitor } from './chatter.ts'
import { MINUTE, pause, SECOND, type Stage, say, unlessRefused } from './stage.ts'
import { phrase } from './story.ts'

/** What a person is asked, and the words of either answer. */
export interface Request {
  readonly topic: string
  readonly body: string
  /** What the person says. */
  readonly yes: string
  /** Absent where nobody would say no. */
  readonly no?: string | undefined
}

/** How often an agent looks whether a visitor has seen to its flag. */
const LOOK_EVERY_MS = 4 * SECOND

/** After so long an agent asks again. */
const REMIND_AFTER_MS = 7 * MINUTE

/**
 * Raises a flag and waits until a person has seen to it: a visitor, or after a while the operator of the demo.
 *
 * @returns The verdict, and the thread in which to go on.
 */
export async function* askPerson(
  stage: Stage,
  agent: Agent,
  { topic, body, yes, no }: Request,
): Scene<{ readonly isGranted: boolean; readonly thread: number | undefined }> {
  const { random } = stage
  const thread = await say(stage, agent.name, { topic, body, isFlagged: true })
  if (thread === undefined) return { isGranted: false, thread }
  const patience = random.chance(0.25) ? random.between(14, 24) : random.between(3, 9)
  const endsAt = stage.now() + patience * MINUTE
  let remindAt = stage.now() + REMIND_AFTER_MS
  while (stage.now() < endsAt) {
    // Nobody sees to it before the opening but the operator.
    const isPast = stage.now() < stage.openingAt
    yield isPast ? Math.min(endsAt, remindAt, stage.openingAt) - stage.now() : LOOK_EVERY_MS
    const person = await findWhoAcknowledged(stage, thread)
    if (person !== undefined) {
      yield pause(stage, 2, 6)
      await say(stage, agent.name, { topic, body: phrase(random, thanksVisitor, { person }), thread })
      return { isGranted: true, thread }
    }
    if (stage.now() >= remindAt && stage.now() < endsAt) {
      await say(stage, agent.name, { topic, body: phrase(random, reminders, {}), thread })
      remindAt += REMIND_AFTER_MS
    }
  }
  const isGranted = no === undefined || random.chance(0.8)
  await say(stage, OPERATOR, { topic, body: isGranted ? yes : no, to: agent.name, thread })
  await unlessRefused(stage.client.messages.ack({ id: thread, sender: OPERATOR }))
  return { isGranted, thread }
}

async function findWhoAcknowledged({ client, isLive }: Stage, id: number): Promise<string | undefined> {
  return isLive ? (await unlessRefused(client.messages.get({ id })))?.acked_by : undefined
}
