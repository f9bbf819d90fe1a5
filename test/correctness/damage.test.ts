import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BusApiError, createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const ROUNDS = 6
const MESSAGES = 300
const WRITES = 60

const isLinux = process.platform === 'linux'
const whyNot = isLinux ? '' : ' (skipped: elsewhere the system may keep others from the file)'

/** A database of some two hundred pages, all in the one file. */
async function createFilled(): Promise<string> {
  const path = join(createTempFolder(), 'bus.db')
  const bus = await startTestBus({ databasePlace: path })
  for (let number = 1; number <= MESSAGES; number += 1) {
    await bus.client.messages.post({ topic: 'load', sender: 'before', body: bodyOf(number) })
    if (number % 10 === 0) await bus.client.lanes.claim({ lane: `lane-${number}`, owner: 'before' })
  }
  await bus.close()
  return path
}

const bodyOf = (number: number) => `message ${number} ${'x'.repeat(2_000)}`

/** Overwrites some bytes of so many pages, as a failing disk or a stray program would. */
function damagePages(path: string, random: Random, count: number): void {
  const pages = statSync(path).size / 4_096
  const file = openSync(path, 'r+')
  for (let page = 0; page < count; page += 1) {
    // Mostly at the head of a page, where SQLite notices. The first page is left to the files that are damaged at the start.
    const at = (1 + random.below(pages - 1)) * 4_096 + random.pick([0, 1, 3, 5, 8, 10, 100, 2_000])
    const byte = Buffer.alloc(1)
    readSync(file, byte, 0, 1, at)
    byte.writeUInt8(byte.readUInt8(0) ^ (1 << random.below(8)))
    writeSync(file, byte, 0, 1, at)
  }
  closeSync(file)
}

type Tally = Map<string, number>

/** What came of a call: its answer, or undefined and a line in the tally. */
async function settle<T>(call: Promise<T>, tally: Tally): Promise<T | undefined> {
  const add = (outcome: string) => tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
  try {
    const answer = await call
    add('answered')
    return answer
  } catch (error) {
    if (!(error instanceof BusApiError)) throw error
    add(error.body.code ?? String(error.statusCode))
    return undefined
  }
}

describe.skipIf(!isLinux)(`a file that is damaged under a bus${whyNot}`, () => {
  it(`is told as what it is: each call is answered, refused as unavailable, or a fault that is logged: ${ROUNDS} files`, async () => {
    const seed = takeSeed()
    const random = createRandom(seed)
    const reads: Tally = new Map()
    const writes: Tally = new Map()
    let unread = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = await createFilled()
      // Started anew, so that it has read little of the file yet.
      const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${path}`])
      const client = createBusClient({ baseUrl: bus.apiUrl })
      damagePages(path, random, random.pick([5, 20, 60]))

      const own = () => ({ idempotencyKey: crypto.randomUUID() })
      for (let number = 1; number <= MESSAGES; number += 10) {
        await settle(client.messages.get({ id: number }), reads)
        await settle(client.lanes.get({ lane: `lane-${number + 9}` }), reads)
        await settle(client.messages.ack({ id: number, sender: 'after' }, own()), writes)
      }
      await settle(client.messages.read({ topic: 'load', since_id: 0, limit: 100 }), reads)
      await settle(client.lanes.list({}), reads)
      for (let number = 0; number < WRITES; number += 1) {
        const body = `after the damage ${number}`
        const posted = await settle(client.messages.post({ topic: 'load', sender: 'after', body }, own()), writes)
        if (posted === undefined) continue
        // What is acknowledged is there, or the store says that it cannot tell.
        const found = await settle(client.messages.get({ id: posted.id }), reads)
        if (found === undefined) unread += 1
        else expect(found.body).toBe(body)
      }
      expect(bus.child.exitCode).toBeNull()
      expect((await fetch(`${bus.origin}/healthz`)).status).toBe(200)
      await bus.kill()
    }
    const describeTally = (tally: Tally) => [...tally].map(([outcome, count]) => `${outcome} ${count}`).join(', ')
    console.log(
      `damaged while it runs: ${ROUNDS} files, reads: ${describeTally(reads)}; writes: ${describeTally(writes)}; ${unread} acknowledged and then not readable, seed ${seed}`,
    )
    for (const tally of [reads, writes]) {
      for (const code of tally.keys()) {
        expect([
          'answered',
          'store_unavailable',
          'internal',
          'message_not_found',
          'lane_not_found',
          'lane_held',
        ]).toContain(code)
      }
    }
  }, 90_000)
})
