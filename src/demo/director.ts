import type { Scene } from './agenda.ts'
import { type Agent, cast, type Role } from './cast.ts'
import { gatherCrowds } from './errands.ts'
import { perform } from './scenes.ts'
import { findHolder, leaveEverything, MINUTE, pause, type Stage, say } from './stage.ts'
import { stories } from './stories/index.ts'
import { kindOf, type Piece, type Story, type StoryKind } from './story.ts'
import { runTrain } from './train.ts'
import { answerVisitors } from './visitors.ts'

/** What is to be seen from time to time: somebody silent, a flag, somebody who goes down, a release. */
type Turn = 'quiet' | 'approval' | 'down' | 'train'

/** How often each turn comes, and how long before the opening one of them, so that a newcomer sees each at once. */
const cadence: readonly { readonly turn: Turn; readonly everyMs: number; readonly beforeOpeningMs: number }[] = [
  { turn: 'quiet', everyMs: 37 * MINUTE, beforeOpeningMs: 17 * MINUTE },
  { turn: 'down', everyMs: 31 * MINUTE, beforeOpeningMs: 12 * MINUTE },
  { turn: 'approval', everyMs: 6 * MINUTE, beforeOpeningMs: 5 * MINUTE },
  { turn: 'train', everyMs: 53 * MINUTE, beforeOpeningMs: 9 * MINUTE },
]

/** The others are needed for what becomes of the lane, or hold too much at once. */
const MAY_GO_DOWN: ReadonlySet<Role> = new Set<Role>(['builder', 'frontend', 'tester', 'docs', 'ops'])

/** How many of the pieces are wanted although somebody has their lane. */
const STUBBORN_SHARE = 0.15

const ROUND_EVERY_MS = 22 * MINUTE

const CROWD_EVERY_MS = 23 * MINUTE
const CROWD_BEFORE_OPENING_MS = 4 * MINUTE

/** How long one rests between two pieces, in seconds. Some do not always have one of their own; they answer the others. */
const RESTS: Readonly<Partial<Record<Role, readonly [number, number]>>> = {
  planner: [480, 900],
  release: [600, 1200],
  reviewer: [240, 600],
  migrations: [60, 300],
}
const REST: readonly [number, number] = [20, 120]

interface Direction {
  readonly stage: Stage
  /** Those of a role, the one that was told longest ago first. */
  readonly decks: ReadonlyMap<Role, Deck>
  /** Called for, and not begun yet. */
  readonly calls: Turn[]
}

type Deck = { readonly story: Story; tellings: number }[]

/** @param openingInMs How long until somebody looks. */
export function direct(stage: Stage, openingInMs: number): void {
  const decks = new Map<Role, Deck>()
  for (const story of shuffle(stage, stories)) {
    decks.set(story.role, [...(decks.get(story.role) ?? []), { story, tellings: stage.random.below(6) }])
  }
  const direction: Direction = { stage, decks, calls: [] }
  for (const { turn, everyMs, beforeOpeningMs } of cadence) {
    stage.start(callAgainAndAgain(direction, turn, everyMs), (openingInMs - beforeOpeningMs) % everyMs)
  }
  stage.start(answerVisitors(stage))
  stage.start(gatherCrowds(stage, CROWD_EVERY_MS), (openingInMs - CROWD_BEFORE_OPENING_MS) % CROWD_EVERY_MS)
  // They come one after another, as on any day.
  for (const [index, agent] of cast.entries()) {
    stage.start(liveOut(direction, agent), index * 40_000 + pause(stage, 1, 40))
    if (agent.role === 'planner') stage.start(goRound(stage, agent), 9 * MINUTE)
  }
}

async function* callAgainAndAgain({ calls }: Direction, turn: Turn, everyMs: number): Scene {
  while (true) {
    if (!calls.includes(turn)) calls.push(turn)
    yield everyMs
  }
}

/** One piece of work after another. What goes wrong with one is a fault of the script; the next one begins all the same. */
async function* liveOut(direction: Direction, agent: Agent): Scene {
  const { stage } = direction
  let restedAt = stage.now()
  while (true) {
    const scene = answerCalls(direction, agent) ?? (stage.now() < restedAt ? undefined : beginNext(direction, agent))
    try {
      if (scene) yield* scene
    } catch (error) {
      beginAnew(stage, agent)
      stage.onFault(error)
    }
    if (scene) restedAt = stage.now() + pause(stage, ...(RESTS[agent.role] ?? REST))
    yield pause(stage, 10, 30)
  }
}

/** What it held lapses, and then belongs to whoever wants it. */
function beginAnew(stage: Stage, agent: Agent): void {
  leaveEverything(stage, agent)
  for (const [lane, holder] of stage.abandoned) if (holder === agent) stage.abandoned.delete(lane)
  stage.away.delete(agent)
}

/** What it has not done for the longest time. */
function beginNext(direction: Direction, agent: Agent): Scene | undefined {
  const { stage } = direction
  const isTaken = ({ lane }: Story) => findHolder(stage, lane) !== undefined && !stage.abandoned.has(lane)
  const piece =
    (stage.random.chance(STUBBORN_SHARE) ? take(direction, agent, 'ordinary', isTaken) : undefined) ??
    take(direction, agent, 'ordinary', isOpen(stage))
  return piece && perform(stage, agent, piece, false)
}

/** What is called for, and this agent can do. */
function answerCalls(direction: Direction, agent: Agent): Scene | undefined {
  const { calls } = direction
  for (const turn of calls) {
    const scene = answerCall(direction, agent, turn)
    if (!scene) continue
    calls.splice(calls.indexOf(turn), 1)
    return scene
  }
  return undefined
}

function answerCall(direction: Direction, agent: Agent, turn: Turn): Scene | undefined {
  const { stage } = direction
  if (turn === 'train') return agent.role === 'release' ? runTrain(stage, agent) : undefined
  if (turn === 'down' && !MAY_GO_DOWN.has(agent.role)) return undefined
  const kind = turn === 'down' ? 'ordinary' : turn
  const piece = take(direction, agent, kind, isOpen(stage))
  return piece && perform(stage, agent, piece, turn === 'down')
}

/** Takes the next story that fits, and puts it at the end. */
function take(
  { decks }: Direction,
  { role }: Agent,
  kind: StoryKind,
  fits: (story: Story) => boolean,
): Piece | undefined {
  const deck = decks.get(role) ?? []
  const index = deck.findIndex(({ story }) => kindOf(story) === kind && fits(story))
  if (index === -1) return undefined
  for (const card of deck.splice(index, 1)) {
    deck.push(card)
    card.tellings += 1
    return { story: card.story, telling: card.tellings }
  }
  return undefined
}

function isOpen(stage: Stage): (story: Story) => boolean {
  return ({ lane }) =>
    !stage.abandoned.has(lane) && findHolder(stage, lane) === undefined && !stage.queues.get(lane)?.length
}

/** The planner counts what there is, and says it. */
async function* goRound(stage: Stage, agent: Agent): Scene {
  while (true) {
    const { _meta: counts, active_lanes: lanes } = await stage.client.status.get({})
    const [crowded] = [...lanes].sort((one, other) => other.waiters - one.waiters)
    const body = [
      `Round: lanes held ${counts.active_lane_count}, orphaned ${counts.orphaned_claim_count}, flags for a person ${counts.pending_action_flag_count}.`,
      crowded && crowded.waiters > 1 ? ` ${crowded.name} is the bottleneck, with ${crowded.waiters} waiting.` : '',
    ].join('')
    await say(stage, agent.name, { topic: 'plan', body })
    yield ROUND_EVERY_MS + pause(stage, 0, 240)
  }
}

function shuffle<Item>({ random }: Stage, items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
