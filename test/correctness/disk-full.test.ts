import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { listFaults } from '../support/faults.ts'
import { startBusProcess } from '../support/process.ts'
import { findMountObstacle, mountSmallDisk } from '../support/small-disk.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'

const obstacle = findMountObstacle()

describe.skipIf(obstacle)(`a bus on a disk that is full${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  it('refuses writes in plain words, loses nothing, and is used again when there is room, three times', async () => {
    const disk = mountSmallDisk(8)
    const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${join(disk.folder, 'bus.db')}`])
    const client = createBusClient({ baseUrl: bus.apiUrl })
    const ledger = createLedger()
    const load = startLoad({ apiUrl: bus.apiUrl, ledger, label: 'full', createPadding: () => 'x'.repeat(200) })
    await load.progress(200)
    for (let round = 0; round < 3; round += 1) {
      disk.fill()
      const before = ledger.refused
      while (ledger.refused < before + 100) await load.progress(10)
      const refusal = client.messages.post(
        { topic: 'load', sender: 'big', body: 'x'.repeat(60_000) },
        { idempotencyKey: crypto.randomUUID() },
      )
      await expect(refusal).rejects.toMatchObject({
        statusCode: 503,
        body: { code: 'store_unavailable', detail: expect.stringMatching(/nothing was changed: the disk is full/) },
      })
      await client.status.get({})
      disk.clear()
      while ((await fetch(`${bus.origin}/readyz`)).status !== 200);
      await load.progress(100)
    }
    load.stop()
    await load.ended
    const lost = await findLost(client, ledger)
    await bus.kill()
    expect(await checkIntegrity(disk.folder)).toBe('ok')
    const restarted = await startTestBus({ databasePlace: join(disk.folder, 'bus.db') })
    lost.push(...(await findLost(restarted.client, ledger)))
    await restarted.close()
    console.log(
      `a full file system: 3 times, ${countAcknowledged(ledger)} acknowledged writes, ${ledger.refused} refused, ${lost.length} lost`,
    )
    expect(lost).toEqual([])
    expect(listFaults(bus.stderr())).toEqual([])
  }, 60_000)
})
