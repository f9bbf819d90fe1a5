import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { findObstacle } from '../support/preload.ts'
import { startBusProcess } from '../support/process.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, type Ledger, startLoad } from './crash-load.ts'
import { createRecordedDisk } from './power-cut-disk.ts'
import { cutPower, type DiskOperation, readJournal } from './power-cut-replay.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const CUTS = 20
/** Enough to copy the log into the database more than once. */
const ANSWERS = 1_500

const obstacle = findObstacle()

interface Recording {
  readonly operations: readonly DiskOperation[]
  /** Stamped with the length of the journal. */
  readonly ledger: Ledger
}

/** Records what a bus under load does to its disk. */
async function record(random: Random, deafTo?: string): Promise<Recording> {
  const disk = createRecordedDisk(deafTo)
  const bus = await startBusProcess(['--port', '0', '--database-url', disk.databaseUrl], disk.env)
  const ledger = createLedger()
  const load = startLoad({
    apiUrl: bus.apiUrl,
    ledger,
    label: 'before the cut',
    // The syncs behind an acknowledgement are in the journal before it is on its way.
    stamp: () => statSync(disk.journalPath).size,
    createPadding: () => 'x'.repeat(random.pick([0, 100, 5_000, 60_000])),
  })
  await load.progress(ANSWERS)
  await bus.kill()
  await load.ended
  return { operations: readJournal(readFileSync(disk.journalPath)), ledger }
}

/** Where it hurts: at an acknowledgement, while the log is copied into the database, and anywhere. */
function chooseCuts({ operations, ledger }: Recording, random: Random): number[] {
  const acknowledged = [...ledger.messages, ...ledger.laneEvents].map(({ at }) => at)
  const copying = findCopying({ operations, ledger })
  const anywhere = operations.map(({ end }) => end)
  return Array.from({ length: CUTS }, (_, cut) => random.pick([acknowledged, copying, anywhere][cut % 3] ?? anywhere))
}

/** What was done to the database itself under load, which is only ever the copying of its log. */
function findCopying({ operations, ledger }: Recording): number[] {
  const firstAcknowledged = ledger.messages[0]?.at ?? 0
  return operations.flatMap(({ name, end }) => (name === 'bus.db' && end > firstAcknowledged ? [end] : []))
}

/** What is wrong after a power cut: acknowledged writes that are lost, a bus that does not start, a file that is not whole. */
async function findDamage({ operations, ledger }: Recording, cut: number, random: Random): Promise<string[]> {
  const folder = createTempFolder()
  const done = operations.filter(({ end }) => end <= cut)
  for (const [name, bytes] of cutPower(done, random)) writeFileSync(join(folder, name), bytes)
  try {
    const bus = await startTestBus({ databasePlace: join(folder, 'bus.db') })
    const lost = await findLost(bus.client, ledger, cut)
    await bus.client.messages.post({ topic: 'load', sender: 'after the cut', body: 'works' })
    await bus.close()
    const integrity = await checkIntegrity(folder)
    return integrity === 'ok' ? lost : [...lost, String(integrity)]
  } catch (error) {
    return [String(error)]
  }
}

interface Outcome {
  readonly damage: string[]
  readonly copied: number
  readonly figures: string
}

async function cutAgainAndAgain(deafTo?: string): Promise<Outcome> {
  const seed = takeSeed()
  const random = createRandom(seed)
  const startedAt = performance.now()
  const recording = await record(random, deafTo)
  const damage: string[] = []
  for (const cut of chooseCuts(recording, random)) damage.push(...(await findDamage(recording, cut, random)))
  const copied = findCopying(recording).length
  const acknowledged = countAcknowledged(recording.ledger)
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  return {
    damage,
    copied,
    figures: `${CUTS} cuts, ${acknowledged} acknowledged writes, ${recording.operations.length} disk operations (${copied} on the database itself), ${damage.length} lost or damaged, ${seconds} s, seed ${seed}`,
  }
}

describe.skipIf(obstacle)(`a power cut under load${obstacle ? `: skipped, for ${obstacle}` : ''}`, () => {
  it.each(listRounds({ short: 1, long: 25 }))(
    `loses nothing that was acknowledged and leaves a whole file, ${CUTS} times over: round %i`,
    async () => {
      const { damage, copied, figures } = await cutAgainAndAgain()
      console.log(`power cut: ${figures}`)
      expect(damage).toEqual([])
      expect(copied).toBeGreaterThan(0)
    },
    limitMs(120_000),
  )

  it.each([
    ['every sync does nothing, as with synchronous = off', ''],
    ['the log is never synced', '-wal'],
  ])(
    'is seen to lose acknowledged writes when %s',
    async (_, deafTo) => {
      const { damage, figures } = await cutAgainAndAgain(deafTo)
      console.log(`power cut, control without syncs of *${deafTo}: ${figures}; as in: ${damage[0]}`)
      expect(damage.filter((line) => /^(message|lane-)/.test(line))).not.toEqual([])
    },
    120_000,
  )
})
