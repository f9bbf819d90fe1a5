/**
 * A release needs three things at once, or none of them; and what it reports counts only while it still has them.
 * Run it with `node --import tsx examples/release-train.ts`.
 */
import { BusApiError } from '../src/client/index.ts'
import { check, play, say } from './stage.ts'

const LANES = ['db:migrations', 'deploy:api', 'deploy:web']
const TOPIC = 'release-1.4'

/** What the bus refused, or undefined when it did not. */
async function refusalOf(call: Promise<unknown>): Promise<BusApiError | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (error instanceof BusApiError) return error
    throw error
  }
}

await play(async ({ bus, enter }) => {
  const builder = await enter('builder')
  await builder.call('claim_lane', { lane: 'deploy:web', note: 'trying a new build' })
  say('builder holds deploy:web.')

  // The train is a program, not a model: it speaks to the bus by the client.
  const train = { lanes: LANES, owner: 'train', lease_s: 120, note: 'release 1.4' }
  const refused = await refusalOf(bus.lanes.claimAll(train))
  check(refused?.body.code === 'lanes_held', 'all or none: one lane that is held refuses them all')
  const { lanes } = await bus.lanes.list({ owner: 'train' })
  check(lanes.length === 0, 'nothing is half claimed')
  say(`The train wants ${LANES.join(', ')} at once and is refused: ${refused?.message}. It holds none of them.`)

  const ask = {
    topic: TOPIC,
    sender: 'train',
    recipient: 'builder',
    body: 'builder: 1.4 is ready, may I have the web?',
  }
  await bus.messages.post(ask)
  const { messages = [] } = await builder.call('read_messages', { topic: TOPIC, wait_s: 30 })
  say(`builder reads: "${messages[0]?.body}"`)
  await builder.call('release_lane', { lane: 'deploy:web' })
  say('builder releases deploy:web.')

  const granted = await bus.lanes.claimAll(train)
  check(granted.lanes.length === LANES.length, 'all of them at once')
  say('The train claims again and gets all three.')

  const blocked = await builder.call('claim_lane', { lane: 'deploy:web' })
  check(blocked.error?.code === 'lane_held', 'nobody steps onto the rails')
  say(`builder wants it back and is refused: ${blocked.error?.detail.replace(/\d+s/, 'Ns')}.`)

  const web = granted.lanes.find(({ lane }) => lane.name === 'deploy:web')?.lane
  const report = (body: string) =>
    bus.messages.post({ topic: TOPIC, sender: 'train', body, lane: 'deploy:web', fence: web?.fence })
  for (const share of ['10 %', '50 %', '100 %']) await report(`web at ${share}`)
  say('It reports 10 %, 50 %, 100 %: each taken only because it holds deploy:web.')

  for (const { lane } of granted.lanes) {
    await bus.lanes.release({ lane: lane.name, owner: 'train', fence: lane.fence, note: '1.4 is out' })
  }
  say('It releases all three.')

  const late = await refusalOf(report('web at 110 %'))
  check(late?.body.code === 'lease_lost', 'after its release the train reports nothing more')
  say('A report that comes late is refused: its tenure is over.')

  const read = await bus.messages.read({ topic: TOPIC, since_id: 0 })
  check(read.messages.length === 4, 'the question and three reports')
  const { events } = await bus.lanes.history({ lane: 'deploy:web' })
  check(events[0]?.note === '1.4 is out', 'the history keeps why')
  say(`The history of deploy:web ends with: ${events[0]?.event} by ${events[0]?.owner}, "${events[0]?.note}".`)
})
