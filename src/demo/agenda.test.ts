import { describe, expect, it } from 'vitest'
import { createAgenda, type Scene } from './agenda.ts'

function openAgenda(startsAt = 0) {
  const told: string[] = []
  const faults: unknown[] = []
  const agenda = createAgenda(startsAt, (error) => faults.push(error))
  async function* tell(name: string, ...pauses: readonly number[]): Scene {
    for (const pause of pauses) {
      told.push(`${name} at ${agenda.nextAt()}`)
      yield pause
    }
    told.push(`${name} ends`)
  }
  const playUntil = async (end: number) => {
    while (agenda.nextAt() <= end) await agenda.step()
  }
  return { agenda, told, faults, tell, playUntil }
}

describe('the agenda', () => {
  it('takes the steps of all scenes in the order of their moments, and of two at one moment the first to come', async () => {
    const { agenda, told, playUntil } = openAgenda(100)
    const act = (name: string) => async () => void told.push(name)
    agenda.doLater(act('third'), 20)
    agenda.doLater(act('first'), 10)
    agenda.doLater(act('second'), 10)
    expect(agenda.nextAt()).toBe(110)
    await playUntil(1000)
    expect(told).toEqual(['first', 'second', 'third'])
    expect(agenda.nextAt()).toBe(Number.POSITIVE_INFINITY)
  })

  it('counts a pause from when the step was due, so that nothing drifts', async () => {
    const { agenda, tell, playUntil } = openAgenda()
    agenda.start(tell('a', 10, 10, 10))
    const moments: number[] = []
    while (agenda.nextAt() < 100) {
      moments.push(agenda.nextAt())
      await agenda.step()
    }
    await playUntil(100)
    expect(moments).toEqual([0, 10, 20, 30])
  })

  it('counts what a scene starts from its own step', async () => {
    const { agenda, playUntil, told } = openAgenda()
    async function* parent(): Scene {
      yield 50
      agenda.doLater(async () => void told.push('child'), 5)
    }
    agenda.start(parent())
    await playUntil(50)
    expect(agenda.nextAt()).toBe(55)
    await playUntil(55)
    expect(told).toEqual(['child'])
  })

  it('tells what a scene fails with, and the others go on', async () => {
    const { agenda, faults, told, tell, playUntil } = openAgenda()
    agenda.doLater(async () => {
      throw new Error('forgot the line')
    }, 1)
    agenda.start(tell('a', 5), 2)
    await playUntil(100)
    expect(faults).toEqual([new Error('forgot the line')])
    expect(told.at(-1)).toBe('a ends')
  })

  it('moves everything back alike when time was slept through', async () => {
    const { agenda, playUntil, told } = openAgenda()
    agenda.doLater(async () => void told.push('a'), 10)
    agenda.doLater(async () => void told.push('b'), 30)
    agenda.postpone(1000)
    expect(agenda.nextAt()).toBe(1010)
    await playUntil(1010)
    expect(agenda.nextAt()).toBe(1030)
  })
})
