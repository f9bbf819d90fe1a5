import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BusClient, BusUnreachable, createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'

const ROUNDS = 3
const WRITERS = 8
/** Acknowledged writes after which a round's bus is killed, while the writers go on. */
const WRITES_BEFORE_KILL = 200

/** What the bus acknowledged: for good, whatever happens to its process. */
interface Ledger {
  readonly bodyById: Map<number, string>
  readonly lanes: Map<string, { readonly fence: number; readonly rev: number }>
}

describe('a bus that is killed under load', () => {
  it(`has every acknowledged message and lane when it is started again on the same file, ${ROUNDS} times over`, async () => {
    const databaseUrl = `sqlite:${join(createTempFolder(), 'bus.db')}`
    const start = () => startBusProcess(['--port', '0', '--database-url', databaseUrl])
    const ledger: Ledger = { bodyById: new Map(), lanes: new Map() }
    for (let round = 1; round <= ROUNDS; round++) {
      const bus = await start()
      const load = createLoad(ledger, round)
      const writers = Array.from({ length: WRITERS }, (_, writer) => load.write(writer, bus.apiUrl))
      await load.underWay
      await bus.kill()
      expect(await Promise.all(writers)).toEqual(writers.map(() => expect.any(BusUnreachable)))

      const next = await start()
      const client = createBusClient({ baseUrl: next.apiUrl })
      await expectMessages(client, ledger)
      await expectLanes(client, ledger)
      await next.kill()
    }
    expect(ledger.bodyById.size).toBeGreaterThanOrEqual(ROUNDS * (WRITES_BEFORE_KILL / 2))
  })
})

/** Writers that post and claim, and note what was acknowledged, until the bus is gone. */
function createLoad({ bodyById, lanes }: Ledger, round: number) {
  let acknowledged = 0
  let startKilling = () => {}
  const underWay = new Promise<void>((resolve) => {
    startKilling = resolve
  })
  const write = async (writer: number, baseUrl: string): Promise<unknown> => {
    const client = createBusClient({ baseUrl })
    try {
      for (let count = 0; ; count++) {
        const body = `round ${round}, writer ${writer}, message ${count}`
        const { id } = await client.messages.post({ topic: 'load', sender: `writer-${writer}`, body })
        bodyById.set(id, body)
        const { lane } = await client.lanes.claim({ lane: `lane-${writer}-${count % 20}`, owner: `writer-${writer}` })
        lanes.set(lane.name, { fence: lane.fence, rev: lane.rev })
        acknowledged += 2
        if (acknowledged >= WRITES_BEFORE_KILL) startKilling()
      }
    } catch (error) {
      return error
    }
  }
  return { write, underWay }
}

/** Reads the whole log: no gap in its ids, and each acknowledged body under its id. */
async function expectMessages(client: BusClient, { bodyById }: Ledger): Promise<void> {
  const kept = new Map<number, string>()
  for (let sinceId = 0, head = Number.POSITIVE_INFINITY; sinceId < head; ) {
    const page = await client.messages.read({ since_id: sinceId, limit: 500 })
    for (const { id, body } of page.messages) kept.set(id, body)
    sinceId = page.next_since_id
    head = page.head_id
  }
  expect([...kept.keys()]).toEqual(Array.from({ length: kept.size }, (_, index) => index + 1))
  const lost = [...bodyById].filter(([id, body]) => kept.get(id) !== body)
  expect(lost).toEqual([])
}

/** Each lane is still held by its writer, in the tenure and at least in the revision that were acknowledged. */
async function expectLanes(client: BusClient, { lanes }: Ledger): Promise<void> {
  const page = await client.lanes.list({ limit: 500 })
  const kept = new Map(page.lanes.map((lane) => [lane.name, lane]))
  for (const [name, { fence, rev }] of lanes) {
    expect(kept.get(name)).toMatchObject({ name, fence, state: 'held', owner: `writer-${name.split('-')[1]}` })
    // A renewal whose answer was lost may have come after.
    expect(kept.get(name)?.rev).toBeGreaterThanOrEqual(rev)
  }
}
