import { beforeAll, describe, expect, it } from 'vitest'
import { openDirectBus } from '../../test/correctness/direct-bus.ts'
import { createFakeClock } from '../../test/support/bus.ts'
import { type BusClient, createBusClient } from '../client/index.ts'
import { createLocalTransport } from '../local-transport.ts'
import { boundOperations } from '../product.ts'
import { cast } from './cast.ts'
import { SEED } from './index.ts'
import { openPlay, type Play } from './play.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** How the bus stands at one moment. */
interface Sample {
  readonly flags: number
  readonly orphaned: number
  readonly silent: number
  readonly held: number
  /** As the stage knows it: on a clock that leaps nobody can really wait. */
  readonly waiting: number
  readonly events: number
}

interface Theatre extends Play {
  readonly client: BusClient
  readonly faults: readonly unknown[]
  /** Plays so much more at full speed, and looks at the bus every so often. */
  playOn(forMs: number, everyMs: number): Promise<Sample[]>
  close(): Promise<void>
}

async function openTheatre(seed: number): Promise<Theatre> {
  const clock = createFakeClock()
  const bus = await openDirectBus({
    path: ':memory:',
    createClock: () => clock.now,
    minLeaseMs: 1000,
    maxLeaseMs: 24 * HOUR,
  })
  const client = createBusClient({ transport: createLocalTransport(boundOperations, bus.context) })
  const faults: unknown[] = []
  const onFault = (error: unknown) => void faults.push(error)
  const play = openPlay({ client, seed, now: clock.now, openingInMs: 3 * HOUR, onFault })
  const playUntil = async (end: number) => {
    while (play.agenda.nextAt() <= end) {
      clock.advance(Math.max(0, play.agenda.nextAt() - clock.now()))
      await play.agenda.step()
    }
    clock.advance(Math.max(0, end - clock.now()))
  }
  return {
    ...play,
    client,
    faults,
    close: bus.close,
    playOn: async (forMs, everyMs) => {
      const samples: Sample[] = []
      const end = clock.now() + forMs
      while (clock.now() < end) {
        await playUntil(Math.min(end, clock.now() + everyMs))
        samples.push(await look(client, play))
      }
      return samples
    },
  }
}

async function look(client: BusClient, { stage }: Play): Promise<Sample> {
  const { _meta: counts } = await client.status.get({})
  const { head_id: events } = await client.events.read({ limit: 1 })
  return {
    flags: counts.pending_action_flag_count,
    orphaned: counts.orphaned_claim_count,
    silent: counts.silent_lane_count,
    held: counts.active_lane_count,
    waiting: [...stage.queues.values()].flat().length,
    events,
  }
}

/** What is said and done in so much time, as its readers see it. */
async function listEvents(seed: number, forMs: number): Promise<unknown[]> {
  const { client, playOn, close } = await openTheatre(seed)
  await playOn(forMs, forMs)
  const { events } = await client.events.read({ since_id: 0, limit: 200 })
  await close()
  // Each request has a name of its own.
  return events.map(({ change, ...event }) => ({ ...event, change: { ...change, request_id: undefined } }))
}

describe('the play', () => {
  it('is the same for the same seed, and another for another', async () => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => listEvents(seed, HOUR / 3)))
    expect(one?.length).toBeGreaterThan(30)
    expect(same).toEqual(one)
    expect(other).not.toEqual(one)
  })
})

describe('a visitor', () => {
  it('who holds what an agent wants is asked for it, and waited for', async () => {
    const { client, stage, playOn, close } = await openTheatre(SEED)
    await playOn(10 * MINUTE, 10 * MINUTE)
    for (const lane of [
      'tracking-page',
      'design-tokens',
      'i18n-strings',
      'returns-portal',
      'docs:api',
      'docs:guides',
    ]) {
      await client.lanes.claim({ lane, owner: 'visitor', lease_s: 7200 }).catch(() => {})
    }
    await playOn(90 * MINUTE, 90 * MINUTE)
    const { messages } = await client.messages.read({ recipient: 'visitor', limit: 500 })
    expect(messages.length).toBeGreaterThan(0)
    for (const { topic } of messages) expect(topic).toMatch(/^lane:/)
    expect(stage.queues.size).toBeGreaterThan(0)
    await close()
  })
})

describe('a day of the demo', () => {
  let opening: Sample | undefined
  let hours: Sample[][] = []
  let theatre: Theatre
  let samples: Sample[] = []

  beforeAll(async () => {
    theatre = await openTheatre(SEED)
    opening = (await theatre.playOn(3 * HOUR, 3 * HOUR)).at(-1)
    hours = []
    for (let hour = 0; hour < 24; hour += 1) hours.push(await theatre.playOn(HOUR, 2 * MINUTE))
    samples = hours.flat()
    return theatre.close
  }, 300_000)

  it('shows something of everything at its opening', () => {
    for (const situation of ['flags', 'orphaned', 'silent', 'waiting'] as const) {
      expect(opening?.[situation], situation).toBeGreaterThan(0)
    }
    expect(opening?.held).toBeGreaterThanOrEqual(6)
  })

  it('has no fault in its script', () => {
    expect(theatre.faults).toEqual([])
  })

  it.each(['flags', 'orphaned', 'silent', 'waiting'] as const)(
    'has %s from time to time, and not always',
    (situation) => {
      const share = samples.filter((sample) => sample[situation] > 0).length / samples.length
      expect(share).toBeGreaterThan(0.1)
      expect(share).toBeLessThan(0.9)
    },
  )

  it('grows in no hour beyond what one can overlook', () => {
    for (const sample of samples) {
      expect(sample.flags).toBeLessThanOrEqual(8)
      expect(sample.orphaned).toBeLessThanOrEqual(4)
      expect(sample.silent).toBeLessThanOrEqual(4)
      expect(sample.waiting).toBeLessThanOrEqual(10)
      expect(sample.held).toBeLessThanOrEqual(22)
    }
  })

  it('keeps its pace through all hours: an event every one to four seconds', () => {
    for (const [first, ...rest] of hours) {
      const seconds = (rest.length * 2 * MINUTE) / 1000
      const perEvent = seconds / ((rest.at(-1)?.events ?? 0) - (first?.events ?? 0))
      expect(perEvent).toBeGreaterThan(1)
      expect(perEvent).toBeLessThan(4)
    }
  })

  it('leaves nobody behind: at its end everybody still has something to say', async () => {
    const { messages } = await theatre.client.messages.read({ limit: 500 })
    const speakers = new Set(messages.map(({ sender }) => sender))
    expect(cast.map(({ name }) => name).filter((name) => !speakers.has(name))).toEqual([])
  })

  it('believes of no lane that it is held, when the bus knows better', async () => {
    const { active_lanes } = await theatre.client.status.get({})
    const held = active_lanes.map(({ name, owner }) => `${name} ${owner}`).sort()
    expect([...theatre.stage.holds].map(({ lane, agent }) => `${lane} ${agent.name}`).sort()).toEqual(held)
  })

  it('makes up no lane after lane', async () => {
    const { lanes } = await theatre.client.lanes.list({ limit: 500 })
    expect(lanes.length).toBeLessThanOrEqual(30)
  })
})
