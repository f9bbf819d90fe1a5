import type { Output } from '../client/index.ts'
import type { Scene } from './agenda.ts'
import { cast, OPERATOR } from './cast.ts'
import { pause, SECOND, type Stage, say, unlessRefused } from './stage.ts'

const LOOK_EVERY_MS = 3 * SECOND

/** So that two programs that answer everything do not answer each other without end. */
const ANSWER_EVERY_MS = 20 * SECOND

const ours: ReadonlySet<string> = new Set([...cast.map(({ name }) => name), OPERATOR])

type Message = Output<'messages.read'>['messages'][number]

/** Whoever says something to the agents gets an answer, from the one that was asked or from the planner. */
export async function* answerVisitors(stage: Stage): Scene {
  const { client } = stage
  // There are none in the past.
  yield stage.openingAt - stage.now()
  let { head_id: sinceId } = await client.messages.read({ limit: 1 })
  let answeredAt = 0
  while (true) {
    yield LOOK_EVERY_MS
    const read = stage.isLive ? await unlessRefused(client.messages.read({ since_id: sinceId })) : undefined
    if (!read) continue
    sinceId = read.next_since_id
    const message = read.messages.find(isFromVisitor)
    if (!message || stage.now() - answeredAt < ANSWER_EVERY_MS) continue
    answeredAt = stage.now()
    stage.doLater(() => answer(stage, message), pause(stage, 3, 7))
  }
}

function isFromVisitor({ sender, system }: Message): boolean {
  return !system && !ours.has(sender)
}

async function answer(stage: Stage, { id, thread_id: thread = id, topic, sender, recipient }: Message): Promise<void> {
  const asked = cast.find(({ name }) => name === recipient)?.name ?? 'planner'
  const body = `Hello ${sender}. I only play my part in a demo, so I cannot help with much; but your message #${id} is real: everybody on this bus can read it.`
  await say(stage, asked, { topic, body, to: sender, thread })
}
