import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { exportDatabase } from '../../src/move.ts'
import { createTempFolder, startTestBus, type TestBus } from '../support/bus.ts'
import { ask, type RawRequest } from '../support/raw-http.ts'
import { refusalOf } from '../support/refusal.ts'

/** All that the database holds, while no bus has it. */
async function exportLines(place: string): Promise<string[]> {
  const lines: string[] = []
  await exportDatabase({ place, allowUnsafe: false }, async (line) => {
    lines.push(line)
  })
  return lines
}

/** Something in every table, so that a read would have something to change. */
async function fill({ client }: TestBus): Promise<void> {
  await client.messages.post({ topic: 'converge', sender: 'ann', body: 'look', action_flag: true })
  await client.messages.post({ topic: 'converge', sender: 'bob', body: 'seen', recipient: 'ann', thread_id: 1 })
  await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
  await client.lanes.claim({ lane: 'lapsed', owner: 'bob', lease_s: 1 })
  await refusalOf(client.lanes.claim({ lane: 'feeds', owner: 'bob' }))
  // It is counted a moment later.
  while ((await client.lanes.history({ lane: 'feeds' })).refusals.length < 1) await sleep(20)
  // A lane that has lapsed meanwhile is the most that a read could be tempted to write down.
  while ((await client.lanes.get({ lane: 'lapsed' })).lane.state !== 'orphaned') await sleep(50)
}

/** What each parameter may be, so that every route is asked for something that is there. */
const values: Readonly<Record<string, string>> = {
  id: '1',
  lane: 'feeds',
  fence: '1',
  topic: 'converge',
  search: 'look',
  wait_s: '0',
  since_id: '0',
  state: 'orphaned',
  kind: 'lane',
}

const leftOut = new Set(['before_id', 'before_rev', 'after', 'limit', 'window_s'])

/** Every GET of the document, bare and with all its parameters, and what is served beside the API. */
async function listReads(origin: string): Promise<RawRequest[]> {
  const { paths } = (await ask(origin, { path: '/openapi.json' })).fields
  const routes = Object.entries<Record<string, { parameters: { name: string; in: string; required: boolean }[] }>>(
    Object(paths),
  )
  const api = routes.flatMap(([path, { get }]) => {
    if (get === undefined) return []
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
    const inQuery = get.parameters.filter((one) => one.in === 'query' && !leftOut.has(one.name))
    const query = (chosen: typeof inQuery) => chosen.map(({ name }) => `${name}=${values[name] ?? 'ann'}`).join('&')
    return [`${filled}?${query(inQuery.filter(({ required }) => required))}`, `${filled}?${query(inQuery)}`]
  })
  const beside = ['/', '/panel/main.js', '/panel/style.css', '/openapi.json', '/healthz', '/readyz', '/mcp', '/nowhere']
  const headers = { accept: 'application/json', 'x-bus-agent': 'eve', 'idempotency-key': 'read' }
  return [...api, ...beside].flatMap((path) => ['GET', 'HEAD'].map((method) => ({ method, path, headers })))
}

describe('what is asked with GET or HEAD', () => {
  it('changes nothing at all in the database', { timeout: 30_000 }, async () => {
    const databasePlace = join(createTempFolder(), 'bus.db')
    const first = await startTestBus({ databasePlace })
    await fill(first)
    await first.close()
    const before = await exportLines(databasePlace)
    const bus = await startTestBus({ databasePlace })
    const reads = await listReads(bus.origin)
    const answered: number[] = []
    for (const request of reads) answered.push((await ask(bus.origin, request)).status)
    // That they were right requests, for a refusal would change nothing anyway.
    expect(answered.filter((status) => status === 200).length).toBeGreaterThan(reads.length - 8)
    await bus.close()
    expect(await exportLines(databasePlace)).toEqual(before)
    const third = await startTestBus({ databasePlace })
    await third.client.messages.ack({ id: 1, sender: 'ann' })
    await third.close()
    expect(await exportLines(databasePlace)).not.toEqual(before)
  })
})
