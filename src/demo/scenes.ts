import type { Scene } from './agenda.ts'
import type { Agent } from './cast.ts'
import { lost } from './chatter.ts'
import { enter } from './enter.ts'
import { askPerson } from './flags.ts'
import { goDown } from './incidents.ts'
import { claim, findPresent, type Hold, MINUTE, pause, release, renew, type Stage, say } from './stage.ts'
import { type Beat, createWords, type Piece, phrase, type Story, type Words } from './story.ts'
import { waitFor } from './waiting.ts'

/** One telling of a story. */
interface Telling {
  readonly stage: Stage
  readonly agent: Agent
  readonly story: Story
  readonly words: Words
  readonly hold: Hold
}

type BeatOf<Kind extends Beat['kind']> = Extract<Beat, { kind: Kind }>

/** Plays a story, from the claim of its lane to the release. */
export async function* perform(stage: Stage, agent: Agent, { story, telling: turn }: Piece, goesDown: boolean): Scene {
  const { random } = stage
  stage.lastPullRequest += random.between(1, 3)
  const words = createWords(random, story, turn, stage.lastPullRequest)
  const hold = yield* enter(stage, agent, story.lane, words(story.note))
  if (!hold) return
  const telling: Telling = { stage, agent, story, words, hold }
  const downAt = goesDown ? random.between(1, 2) : undefined
  for (const [index, beat] of story.beats.entries()) {
    yield pause(stage, 45, 190)
    if (index === downAt) return yield* goDown(stage, agent)
    if (hold.isOver) return stop(telling)
    yield* playBeat(telling, beat)
  }
  // Who handed it over has nothing left to say.
  if (story.beats.at(-1)?.kind === 'hand-over') return
  yield pause(stage, 40, 120)
  if (hold.isOver) return stop(telling)
  const done = words(story.done)
  await say(stage, agent.name, { topic: story.topic, body: done, hold })
  await release(stage, hold, done)
}

/** The lane is lost: a visitor has it, or nothing could be renewed for a while. */
async function stop({ stage, agent, story }: Telling): Promise<void> {
  const { lane, topic } = story
  await say(stage, agent.name, { topic, body: phrase(stage.random, lost, { lane }) })
}

/** A message about the work, under the fence of its lane. */
async function tell({ stage, agent, story, words, hold }: Telling, body: string): Promise<void> {
  await say(stage, agent.name, { topic: story.topic, body: words(body), hold })
}

async function* playBeat(telling: Telling, beat: Beat): Scene {
  const { stage, agent, words, hold } = telling
  switch (beat.kind) {
    case 'say':
      return tell(telling, beat.body)
    case 'note':
      return renew(stage, hold, words(beat.note))
    case 'ask':
      return yield* playExchange(telling, findPresent(stage, beat.of, agent), beat.exchange, [20, 150])
    case 'review':
      return yield* playExchange(telling, findPresent(stage, 'reviewer', agent), beat.exchange, [80, 280])
    case 'use':
      return yield* playUse(telling, beat)
    case 'approve':
      return yield* playApproval(telling, beat)
    case 'quiet':
      return yield* playQuiet(telling)
    case 'hand-over':
      return yield* playHandOver(telling, beat)
  }
}

async function* playExchange(
  { stage, agent, story: { topic }, words }: Telling,
  other: Agent | undefined,
  [question, answer, reaction]: BeatOf<'ask'>['exchange'],
  [low, high]: readonly [number, number],
): Scene {
  if (!other) return
  const thread = await say(stage, agent.name, { topic, body: words(question), to: other.name })
  yield pause(stage, low, high)
  if (stage.away.has(other)) return
  await say(stage, other.name, { topic, body: words(answer), to: agent.name, thread })
  if (reaction === undefined) return
  yield pause(stage, 25, 100)
  await say(stage, agent.name, { topic, body: words(reaction), to: other.name, thread })
}

async function* playUse(
  { stage, agent, story: { topic }, words }: Telling,
  { lane, why, result }: BeatOf<'use'>,
): Scene {
  const note = words(why)
  const patience = stage.random.between(5, 8) * MINUTE
  const hold = (await claim(stage, agent, lane, note)) ?? (yield* waitFor(stage, agent, lane, note, patience))
  if (!hold) {
    const body = `${lane} was not to be had in ${patience / MINUTE} minutes; going on without (${note}), and coming back to it.`
    await say(stage, agent.name, { topic, body })
    return
  }
  yield pause(stage, 120, 270)
  await say(stage, agent.name, { topic, body: words(result), hold })
  await release(stage, hold)
}

async function* playApproval(telling: Telling, { ask, granted, refused }: BeatOf<'approve'>): Scene {
  const { stage, agent, story, words, hold } = telling
  const { topic } = story
  await renew(stage, hold, `waiting for a person: ${words(story.note)}`.slice(0, 500))
  const request = { topic, body: words(ask), yes: words(granted[0]), no: refused && words(refused[0]) }
  const { isGranted, thread } = yield* askPerson(stage, agent, request)
  await renew(stage, hold, words(story.note))
  yield pause(stage, 20, 80)
  const consequence = isGranted ? granted[1] : refused?.[1]
  if (consequence !== undefined) await say(stage, agent.name, { topic, body: words(consequence), thread })
}

/** Alive, and without a word: only the heartbeats go on. */
async function* playQuiet({ stage, agent }: Telling): Scene {
  stage.away.add(agent)
  yield pause(stage, 13 * 60, 21 * 60)
  stage.away.delete(agent)
}

async function* playHandOver(
  { stage, agent, story, words, hold }: Telling,
  { to, body, reply }: BeatOf<'hand-over'>,
): Scene {
  const { topic, lane } = story
  const other = findPresent(stage, to, agent)
  if (!other) return
  const thread = await say(stage, agent.name, { topic, body: words(body), to: other.name, hold })
  await release(stage, hold)
  yield pause(stage, 15, 60)
  const next = await claim(stage, other, lane, `${words(story.note)}, from ${agent.name}`)
  if (!next) return
  await say(stage, other.name, { topic, body: words(reply), to: agent.name, thread })
  stage.doLater(() => finish(stage, other, next, topic, words(story.done)), pause(stage, 150, 330))
}

async function finish(stage: Stage, agent: Agent, hold: Hold, topic: string, done: string): Promise<void> {
  await say(stage, agent.name, { topic, body: done, hold })
  await release(stage, hold, done)
}
