/**
 * Three agents want to merge into one branch: one at a time, in the order in which they asked, and never by one whose turn
 * is over. Run it with `node --import tsx examples/merge-lane.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Agent, check, play, type Stage, say } from './stage.ts'

/** One lane for one thing: whoever holds it may move the branch. */
const LANE = 'merge:main'

/** Stands for `main` on the server, and for the server's hook that guards it. */
function createBranch({ bus }: Stage) {
  const commits: string[] = []
  return {
    commits,
    /** The guard asks the bus, not the agent: a fence says which turn a push belongs to. */
    push: async (commit: string, fence: number | undefined): Promise<boolean> => {
      const { valid } = await bus.lanes.verify({ lane: LANE, fence: fence ?? 0 })
      if (valid) commits.push(commit)
      return valid
    },
  }
}

/** Resolves when so many wait for the lane. */
async function untilWaiting(stage: Stage, count: number): Promise<void> {
  const { lane } = await stage.bus.lanes.get({ lane: LANE })
  if (lane.waiters >= count) return
  await sleep(20)
  await untilWaiting(stage, count)
}

await play(async (stage) => {
  const branch = createBranch(stage)
  const [ann, bob, cleo] = [await stage.enter('ann'), await stage.enter('bob'), await stage.enter('cleo')]

  const claimed = await ann.call('claim_lane', { lane: LANE, note: 'merging the parser' })
  check(claimed.decision === 'claim', 'a free lane goes to the first who claims it')
  say(`ann claims ${LANE} and gets it, with fence ${claimed.lane?.fence}.`)

  // `wait_s` queues instead of being refused. What an agent does while it waits is up to it; here it only waits.
  const queue = async (agent: Agent, place: number) => {
    const answer = agent.call('claim_lane', { lane: LANE, wait_s: 55 })
    await untilWaiting(stage, place)
    say(`${agent.name} asks too, and waits in place ${place}.`)
    return { agent, answer }
  }
  const waiting = [await queue(bob, 1), await queue(cleo, 2)]

  let turn = { agent: ann, fence: claimed.lane?.fence }
  for (const next of waiting) {
    check(await branch.push(`${turn.agent.name}'s work`, turn.fence), 'whoever has the turn may push')
    await turn.agent.call('release_lane', { lane: LANE, fence: turn.fence })
    say(`${turn.agent.name} merges and releases.`)
    const granted = await next.answer
    check(granted.ok && granted.lane?.owner === next.agent.name, 'whoever waited first is served first')
    say(`${next.agent.name} is granted the lane, with fence ${granted.lane?.fence}.`)
    turn = { agent: next.agent, fence: granted.lane?.fence }
  }

  check(!(await branch.push("ann's afterthought", claimed.lane?.fence)), 'a turn that is over moves nothing')
  say('ann, who believes that it is still her turn, pushes again: the guard asks the bus about her fence and refuses.')

  check(await branch.push(`${turn.agent.name}'s work`, turn.fence), 'the last one may push, too')
  await turn.agent.call('release_lane', { lane: LANE, fence: turn.fence })
  say(`${turn.agent.name} merges and releases.`)
  check(branch.commits.join(', ') === "ann's work, bob's work, cleo's work", 'each commit came once and in turn')
  say(`main: ${branch.commits.join(', ')}.`)
})
