import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { type BusProcess, startBusProcess } from '../support/process.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, type Ledger, type Load, startLoad } from './crash-load.ts'

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows lets nobody delete or rename an open file)' : ''

/** All that a bus keeps, as the file's endings. */
const DATABASE = ['', '-wal', '-shm']

interface Subject {
  readonly folder: string
  readonly bus: BusProcess
  readonly client: BusClient
  readonly ledger: Ledger
  readonly load: Load
}

/** A bus on a file, under load for a while. */
async function startSubject(label: string, folder = createTempFolder()): Promise<Subject> {
  const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`])
  const ledger = createLedger()
  const load = startLoad({ apiUrl: bus.apiUrl, ledger, label, createPadding: () => 'x'.repeat(2_000) })
  await load.progress(300)
  return { folder, bus, client: createBusClient({ baseUrl: bus.apiUrl }), ledger, load }
}

/** How many of the writes that are asked for now are acknowledged. */
async function countAnswered({ client }: Subject): Promise<number> {
  const asked = Array.from({ length: 20 }, () =>
    client.messages.post({ topic: 'load', sender: 'extra', body: 'extra' }, { idempotencyKey: crypto.randomUUID() }),
  )
  const answers = await Promise.allSettled(asked)
  return answers.filter(({ status }) => status === 'fulfilled').length
}

/** The same for those that are asked for once the first ones were refused, and after many more. */
async function countLateOnes(subject: Subject): Promise<number> {
  const { load, ledger } = subject
  const { refused } = ledger
  while (ledger.refused === refused) await load.progress(1)
  const early = await countAnswered(subject)
  while (ledger.refused < refused + 100) await load.progress(10)
  return early + (await countAnswered(subject))
}

/** None may be from the moment on at which what they go into is lost. */
async function countFalse(subject: Subject): Promise<number> {
  return (await countAnswered(subject)) + (await countLateOnes(subject))
}

/** Asked for without our client, which hides the headers. */
async function expectRefusal({ bus }: Subject, words: RegExp): Promise<void> {
  const answer = await fetch(`${bus.apiUrl}/message`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topic: 'load', sender: 'refused', body: 'after the loss' }),
  })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await answer.json()).toMatchObject({ code: 'store_unavailable', detail: expect.stringMatching(words) })
  expect((await fetch(`${bus.origin}/readyz`)).status).toBe(503)
  expect((await fetch(`${bus.origin}/healthz`)).status).toBe(200)
}

async function endLoad({ load }: Subject): Promise<void> {
  load.stop()
  await load.ended
}

const countLines = (text: string, event: string) => text.split('\n').filter((line) => line.includes(event)).length

describe.skipIf(isWindows)(`files that are deleted under a bus${whyNot}`, () => {
  it('acknowledges nothing that goes into a file without a name, and all that it acknowledged is in what was deleted', async () => {
    const subject = await startSubject('deleted')
    const { folder, bus, client, ledger } = subject
    // Other names keep what is deleted, so that it can be looked at.
    const kept = createTempFolder()
    for (const ending of ['', '-wal']) linkSync(join(folder, `bus.db${ending}`), join(kept, `bus.db${ending}`))
    for (const ending of DATABASE) rmSync(join(folder, `bus.db${ending}`))
    expect(await countFalse(subject)).toBe(0)
    await expectRefusal(subject, /nothing was changed: the database file is lost, it was deleted or moved away/)
    await client.status.get({})
    await endLoad(subject)
    await bus.kill()

    const survivor = await startTestBus({ databasePlace: join(kept, 'bus.db') })
    const lost = await findLost(survivor.client, ledger)
    console.log(
      `files deleted: ${countAcknowledged(ledger)} acknowledged writes, ${ledger.refused} refused, ${lost.length} lost`,
    )
    expect(lost).toEqual([])
    expect(countLines(bus.stderr(), 'database file lost')).toBe(1)
  }, 60_000)

  it('keeps what it acknowledged, also when it is killed, after its log alone was deleted', async () => {
    const subject = await startSubject('log deleted')
    const { folder, bus, ledger } = subject
    rmSync(join(folder, 'bus.db-wal'))
    expect(await countFalse(subject)).toBe(0)
    await expectRefusal(subject, /the database's log \(-wal\) is lost/)
    await endLoad(subject)
    await bus.kill()

    expect(await checkIntegrity(folder)).toBe('ok')
    const restarted = await startTestBus({ databasePlace: join(folder, 'bus.db') })
    const lost = await findLost(restarted.client, ledger)
    console.log(
      `log deleted: ${countAcknowledged(ledger)} acknowledged writes, ${ledger.refused} refused, ${lost.length} lost`,
    )
    expect(lost).toEqual([])
  }, 60_000)

  it.each([
    ['-shm', /the index of the database's log/],
    ['-lock', /the lock of the bus/],
  ])(
    'refuses writes without the file that keeps others off: %s',
    async (ending, words) => {
      const subject = await startSubject(ending)
      const { folder, bus, ledger } = subject
      rmSync(join(folder, `bus.db${ending}`))
      expect(await countLateOnes(subject)).toBe(0)
      await expectRefusal(subject, words)
      await endLoad(subject)
      expect(await bus.stop()).toBe(0)
      const restarted = await startTestBus({ databasePlace: join(folder, 'bus.db') })
      expect(await findLost(restarted.client, ledger)).toEqual([])
    },
    60_000,
  )

  it('leaves the file to a second bus that was started after its lock was deleted', async () => {
    const subject = await startSubject('first')
    const { folder, bus, ledger } = subject
    rmSync(join(folder, 'bus.db-lock'))
    const second = await startBusProcess(['--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`])
    const secondLoad = startLoad({ apiUrl: second.apiUrl, ledger, label: 'second', agents: 'second' })
    await expectRefusal(subject, /the lock of the bus \(-lock\) is lost, another file was put in its place/)
    await secondLoad.progress(300)
    await endLoad(subject)
    await bus.kill()
    await secondLoad.progress(100)
    secondLoad.stop()
    await secondLoad.ended
    expect(await findLost(createBusClient({ baseUrl: second.apiUrl }), ledger)).toEqual([])
  }, 60_000)

  it('tells the operator although nobody writes', async () => {
    const { folder, bus, load } = await startSubject('idle')
    load.stop()
    await load.ended
    rmSync(join(folder, 'bus.db'))
    // It looks a few times within the time that would be an outage.
    for (let waited = 0; bus.stderr() === '' && waited < 15_000; waited += 100) await sleep(100)
    expect(JSON.parse(bus.stderr())).toMatchObject({ level: 'error', event: 'database file lost' })
  }, 30_000)
})

describe.skipIf(isWindows)(`a file that is moved under a bus${whyNot}`, () => {
  it.each([
    ['the file', 'bus.db', 'away.db'],
    ['its folder', '.', '../away'],
  ])(
    'is used again as soon as it is back, and nothing is lost: %s',
    async (_, from, to) => {
      const subject = await startSubject('moved')
      const { folder, bus, client, ledger, load } = subject
      const away = to.startsWith('..') ? `${folder}-away` : join(folder, to)
      const home = join(folder, from)
      renameSync(home, away)
      expect(await countFalse(subject)).toBe(0)
      await expectRefusal(subject, /deleted or moved away/)
      renameSync(away, home)
      // Without a restart.
      while ((await fetch(`${bus.origin}/readyz`)).status !== 200) await sleep(20)
      const refused = ledger.refused
      await load.progress(300)
      expect(ledger.refused - refused).toBeLessThan(50)
      await endLoad(subject)
      expect(await findLost(client, ledger)).toEqual([])
      await bus.kill()
      const restarted = await startTestBus({ databasePlace: join(folder, 'bus.db') })
      expect(await findLost(restarted.client, ledger)).toEqual([])
      expect(countLines(bus.stderr(), 'database file lost')).toBe(1)
      expect(countLines(bus.stderr(), 'database file back')).toBe(1)
    },
    60_000,
  )

  it('is not written to when it is another one, which stays as it was put there', async () => {
    const subject = await startSubject('replaced')
    const { folder, bus } = subject
    const other = createTempFolder()
    const before = await startBusProcess(['--port', '0', '--database-url', `sqlite:${join(other, 'bus.db')}`])
    await createBusClient({ baseUrl: before.apiUrl }).messages.post({ topic: 'other', sender: 'other', body: 'other' })
    // With a log of its own, which must not be removed either.
    await before.kill()
    const files = ['', '-wal'].map((ending) => ({ ending, bytes: readFileSync(join(other, `bus.db${ending}`)) }))
    for (const { ending } of files) renameSync(join(other, `bus.db${ending}`), join(folder, `bus.db${ending}`))

    expect(await countFalse(subject)).toBe(0)
    await expectRefusal(subject, /another file was put in its place .* must restart it/)
    await endLoad(subject)
    expect(await bus.stop()).toBe(0)
    for (const { ending, bytes } of files) {
      const path = join(folder, `bus.db${ending}`)
      expect([ending, existsSync(path) && readFileSync(path).equals(bytes)]).toEqual([ending, true])
    }
    const restarted = await startTestBus({ databasePlace: join(folder, 'bus.db') })
    expect(await restarted.client.messages.read({ since_id: 0 })).toMatchObject({
      head_id: 1,
      messages: [{ body: 'other' }],
    })
  }, 60_000)
})

describe.skipIf(isWindows)(`a file that somebody writes to under a bus${whyNot}`, () => {
  it('is not used any more when it is overwritten with a backup', async () => {
    const folder = createTempFolder()
    const path = join(folder, 'bus.db')
    const before = await startTestBus({ databasePlace: path })
    await before.client.messages.post({ topic: 'load', sender: 'before', body: 'the backup' })
    await before.close()
    const backup = readFileSync(path)
    const subject = await startSubject('overwritten', folder)
    const { bus, ledger, load } = subject
    // For so long that the log is copied into the file meanwhile.
    while (statSync(path).size < 4 * backup.length) await load.progress(50)
    // As `cp` does it: the same file, with another content.
    writeFileSync(path, backup)
    expect(await countFalse(subject)).toBe(0)
    await expectRefusal(subject, /another program wrote over it .* stop it, remove the -wal and -shm files/)
    await endLoad(subject)
    console.log(`overwritten: ${countAcknowledged(ledger)} acknowledged writes before, ${ledger.refused} refused`)
    expect(countLines(bus.stderr(), 'database file lost')).toBe(1)
  }, 60_000)

  it('is used on when only its date is set, or another program copies the log into it', async () => {
    const subject = await startSubject('touched')
    const { folder, bus, client, ledger, load } = subject
    const path = join(folder, 'bus.db')
    utimesSync(path, new Date(), new Date(0))
    await load.progress(100)
    const connection = (await loadDriver()).open(path)
    connection.exec('pragma busy_timeout = 2000')
    connection.prepare('pragma wal_checkpoint(passive)').all()
    connection.close()
    await load.progress(100)
    await endLoad(subject)
    expect(ledger.refused).toBe(0)
    expect(await findLost(client, ledger)).toEqual([])
    expect(bus.stderr()).toBe('')
  }, 60_000)
})
