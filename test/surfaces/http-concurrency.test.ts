import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BusApiError } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'

describe('lanes over HTTP under contention', () => {
  it('lets exactly one of 64 concurrent claims of a free lane win, 20 times over, and names the winner to the others', async () => {
    const { client } = await startTestBus({ databasePlace: join(createTempFolder(), 'bus.db') })
    for (let round = 0; round < 20; round++) {
      const lane = `lane-${round}`
      const owners = Array.from({ length: 64 }, (_, index) => `agent-${index}`)
      const results = await Promise.allSettled(owners.map((owner) => client.lanes.claim({ lane, owner })))
      const winners = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value.lane.owner)
      expect(winners).toHaveLength(1)
      const refusals = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason)
      expect(refusals).toHaveLength(63)
      for (const refusal of refusals) {
        expect(refusal).toBeInstanceOf(BusApiError)
        expect(refusal.statusCode).toBe(409)
        expect(refusal.message).toContain(`held by '${winners[0]}'`)
      }
    }
  })
})
