import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { listFaults } from '../support/faults.ts'
import { findObstacle } from '../support/preload.ts'
import { startBusProcess } from '../support/process.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'
import { createRecordedDisk, type Fault, type RecordedDisk } from './power-cut-disk.ts'
import { cutPower, readJournal } from './power-cut-replay.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const obstacle = findObstacle()

const startOn = ({ databaseUrl, env }: RecordedDisk) =>
  startBusProcess(['--port', '0', '--database-url', databaseUrl], env)

/** The files as a power cut at the end would leave them. */
function copyAsCut({ journalPath }: RecordedDisk, random: Random): string {
  const folder = createTempFolder()
  for (const [name, bytes] of cutPower(readJournal(readFileSync(journalPath)), random)) {
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}

describe.skipIf(obstacle)(`a disk that breaks down under load${obstacle ? `: skipped, for ${obstacle}` : ''}`, () => {
  it.each<[Fault, RegExp, refusals: number]>([
    ['full', /disk is full|disk reported|disk failed/, 100],
    ['sync fails', /disk reported|disk failed/, 100],
    // For so long that the log is copied into the database meanwhile.
    ['unsteady', /disk reported|disk failed/, 800],
    ['read-only', /disk reported|disk failed|read-only/, 100],
  ])(
    'refuses as store_unavailable what it cannot keep, loses nothing, and is used again when it is repaired: %s',
    async (fault, words, refusals) => {
      const seed = takeSeed()
      const random = createRandom(seed)
      const startedAt = performance.now()
      const disk = createRecordedDisk()
      const bus = await startOn(disk)
      const client = createBusClient({ baseUrl: bus.apiUrl })
      const ledger = createLedger()
      const load = startLoad({
        apiUrl: bus.apiUrl,
        ledger,
        label: fault,
        createPadding: () => 'x'.repeat(random.pick([0, 100, 5_000, 60_000])),
      })
      await load.progress(300)

      disk.breakDown(fault)
      const before = countAcknowledged(ledger)
      while (ledger.refused < refusals) await load.progress(10)
      const duringFault = countAcknowledged(ledger) - before
      await client.status.get({})
      if (fault !== 'unsteady') await expectRefusal(bus.apiUrl, words)

      disk.repair()
      const repairedAt = ledger.refused
      await load.progress(300)
      load.stop()
      await load.ended
      await client.messages.post({ topic: 'load', sender: 'after', body: 'the repair' })
      const lost = await findLost(client, ledger)
      await bus.kill()

      const restarted = await startTestBus({ databasePlace: join(disk.folder, 'bus.db') })
      lost.push(...(await findLost(restarted.client, ledger)))
      const cut = copyAsCut(disk, random)
      const afterCut = await startTestBus({ databasePlace: join(cut, 'bus.db') })
      lost.push(...(await findLost(afterCut.client, ledger)))
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      console.log(
        `disk fault, ${fault}: ${countAcknowledged(ledger)} acknowledged writes (${duringFault} during it), ${ledger.refused} refused (${ledger.refused - repairedAt} in flight at the repair), ${lost.length} lost, ${seconds} s, seed ${seed}`,
      )
      expect(lost).toEqual([])
      expect(await checkIntegrity(disk.folder)).toBe('ok')
      expect(await checkIntegrity(cut)).toBe('ok')
      expect(listFaults(bus.stderr())).toEqual([])
    },
    60_000,
  )
})

/** A write that needs new room, asked for without our client, which hides the headers. */
async function expectRefusal(apiUrl: string, words: RegExp): Promise<void> {
  const answer = await fetch(`${apiUrl}/message`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topic: 'load', sender: 'refused', body: 'x'.repeat(60_000) }),
  })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(await answer.json()).toMatchObject({ code: 'store_unavailable', detail: expect.stringMatching(words) })
}
