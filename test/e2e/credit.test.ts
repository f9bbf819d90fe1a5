import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { countCommits } from '../store/wal.ts'
import { createTempFolder } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'

const LEASE_S = 2

/** Resolves when the lane's lease is over, by the bus's own clock. */
async function untilOrphaned({ lanes }: BusClient, name: string): Promise<void> {
  while (true) {
    const { lane } = await lanes.get({ lane: name })
    if (lane.state === 'orphaned') return
    await sleep(lane.expires_in_ms ?? 0)
  }
}

async function listEvents({ lanes }: BusClient, lane: string): Promise<string[]> {
  const { events } = await lanes.history({ lane })
  return events.map(({ event }) => event).toReversed()
}

describe('a bus that is killed, and started again when every lease is over', () => {
  it('gives the lanes that were held then to their holders for a short time, and to them alone', async () => {
    const databaseUrl = `sqlite:${join(createTempFolder(), 'bus.db')}`
    const start = () => startBusProcess(['--port', '0', '--database-url', databaseUrl])
    const bus = await start()
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await client.lanes.claim({ lane: 'orphaned', owner: 'ann', lease_s: LEASE_S })
    await client.lanes.claim({ lane: 'released', owner: 'ann', lease_s: LEASE_S })
    await client.lanes.release({ lane: 'released', owner: 'ann' })
    await untilOrphaned(client, 'orphaned')
    const { lane } = await client.lanes.claim({ lane: 'held', owner: 'ann', lease_s: LEASE_S })
    await bus.kill()
    // The lease must end while there is no bus.
    await sleep(LEASE_S * 1_000)

    const next = createBusClient({ baseUrl: (await start()).apiUrl })
    await expect(next.lanes.claim({ lane: 'held', owner: 'bob' })).rejects.toMatchObject({
      statusCode: 409,
      body: { code: 'lane_held' },
    })
    await next.lanes.heartbeat({ lane: 'held', owner: 'ann', fence: lane.fence })
    expect(await listEvents(next, 'held')).toEqual(['claim', 'credit', 'heartbeat'])
    expect(await listEvents(next, 'orphaned')).toEqual(['claim'])
    expect(await listEvents(next, 'released')).toEqual(['claim', 'release'])
  })

  it('gives nothing for a lease that was over while the bus was there, though nobody wrote since', async () => {
    const path = join(createTempFolder(), 'bus.db')
    const start = () => startBusProcess(['--port', '0', '--database-url', `sqlite:${path}`])
    const bus = await start()
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await client.lanes.claim({ lane: 'orphaned', owner: 'ann', lease_s: LEASE_S })
    await untilOrphaned(client, 'orphaned')
    const before = countCommits(path)
    while (countCommits(path) === before) await sleep(100)
    await bus.kill()

    const next = createBusClient({ baseUrl: (await start()).apiUrl })
    expect(await next.lanes.claim({ lane: 'orphaned', owner: 'bob' })).toMatchObject({ decision: 'steal' })
    expect(await listEvents(next, 'orphaned')).toEqual(['claim', 'steal'])
  })
})
