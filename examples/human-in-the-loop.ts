/**
 * An agent comes to a decision that is a person's, asks, and goes on only with the answer. The person uses the command line.
 * Run it with `node --import tsx examples/human-in-the-loop.ts`.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { BUS_MCP, check, cleanEnvironment, play, say } from './stage.ts'

const LANE = 'deploy:production'
const PERSON = 'olivia'

await play(async ({ baseUrl, bus, enter }) => {
  /** What the person types, and what the terminal shows. */
  const type = async (...args: string[]) => {
    const env = { ...cleanEnvironment(), BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: PERSON }
    const { stdout } = await promisify(execFile)(process.execPath, [BUS_MCP, ...args], { env })
    return stdout
  }

  const agent = await enter('deployer')
  await agent.call('claim_lane', { lane: LANE, keep_alive: true, note: 'release 1.4, waits for a yes' })
  say(`deployer claims ${LANE}, kept alive for as long as it waits.`)

  // The flag pends until somebody acknowledges it: in the command center, in `bus-mcp attention`, in the next status.
  const body = 'Release 1.4 is built and tested. Deploy to production? Answer yes or no in this topic.'
  const { id = 0 } = await agent.call('post_message', { topic: 'release-1.4', body, action_flag: true })
  say(`deployer asks: "${body}"`)

  // Waits without a turn of the model; a real agent calls again while the answer is an empty list.
  const answered = agent.call('read_messages', { topic: 'release-1.4', sender: PERSON, since_id: id, wait_s: 55 })

  const attention = await type('attention')
  check(attention.includes('Deploy to production?'), 'what waits for a person is on their list')
  say(`${PERSON} types "bus-mcp attention" and sees the question.`)
  await type('post', 'release-1.4', 'yes, but watch the error rate', '--thread-id', String(id))
  await type('ack', String(id))
  say(`${PERSON} types the answer, and "bus-mcp ack ${id}".`)

  const [answer] = (await answered).messages ?? []
  // Whoever may write can write under any name: where that is not enough, give the bus a secret.
  check(answer?.sender === PERSON, 'the answer is the one that the agent asked for')
  say(`deployer reads: ${answer?.sender}: "${answer?.body}"`)
  check(answer?.body.startsWith('yes') === true, 'only a yes is a yes')

  const message = await bus.messages.get({ id })
  check(message.acked_by === PERSON, 'the log knows who saw to it')
  const status = await bus.status.get({})
  check(status.pending_action_flags.length === 0, 'an acknowledged flag pends no more')
  say(`Nothing waits for a person any more; the log says that ${message.acked_by} saw to it.`)

  const held = await bus.lanes.get({ lane: LANE })
  check(held.lane.owner === 'deployer' && held.lane.state === 'held', 'the lane outlasts the wait')
  await agent.call('release_lane', { lane: LANE })
  say(`deployer deploys, and releases ${LANE}.`)
})
