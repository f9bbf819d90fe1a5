import { describe, expect, it, onTestFinished } from 'vitest'
import { startChores } from './chores.ts'
import type { Chore } from './core/capability.ts'
import type { BusContext } from './core/context.ts'
import { commonError } from './core/errors.ts'
import { createWaits } from './core/waits.ts'
import { createLog } from './telemetry/log.ts'

/** As much of a bus as these chores touch. */
function createContext(logged: string[]): BusContext {
  const refuse = () => {
    throw new Error('no chore here asks for this')
  }
  const database = {
    epoch: '',
    durability: () => '',
    write: refuse,
    read: refuse,
    listen: refuse,
    probe: refuse,
    size: refuse,
    close: refuse,
  }
  const settings = { minLeaseMs: 1, maxLeaseMs: 1, writeSecretRequired: false, version: '0.0.0' }
  return {
    database,
    settings,
    log: createLog((line) => logged.push(line)),
    createWrite: refuse,
    waits: createWaits(1, new AbortController().signal),
  }
}

function start(chore: Omit<Chore, 'name' | 'everyMs'>) {
  const logged: string[] = []
  const stop = startChores([{ name: 'test.sweep', everyMs: 1, ...chore }], createContext(logged))
  onTestFinished(stop)
  return { logged, stop }
}

/** Resolves with the n-th run, and with how many ran at once at most. */
function countRuns(enough: number, run: (count: number) => Promise<void> = async () => {}) {
  let count = 0
  let running = 0
  let most = 0
  let resolve = (_: number) => {}
  const done = new Promise<number>((settle) => {
    resolve = settle
  })
  return {
    done,
    count: () => count,
    run: async () => {
      count += 1
      running += 1
      most = Math.max(most, running)
      try {
        await run(count)
      } finally {
        running -= 1
        if (count >= enough) resolve(most)
      }
    },
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a chore', () => {
  it('runs again and again, and never twice at once however long it takes', async () => {
    const runs = countRuns(3, async () => {
      await pause(10)
    })
    start(runs)
    expect(await runs.done).toBe(1)
  })

  it('runs again after it failed, and a row of failures is logged once', async () => {
    const runs = countRuns(6, async (count) => {
      if (count < 3 || count === 5) throw new Error(`the disk is gone, ${count}`)
    })
    const { logged } = start(runs)
    await runs.done
    const failures = logged.filter((line) => line.includes('chore failed') && line.includes('test.sweep'))
    expect(failures.map((line) => /gone, \d/.exec(line)?.[0])).toEqual(['gone, 1', 'gone, 5'])
  })

  it('runs again and logs nothing when the store cannot be written', async () => {
    const runs = countRuns(3, async () => {
      throw commonError('store_unavailable', 'the disk is full')
    })
    const { logged } = start(runs)
    await runs.done
    expect(logged).toEqual([])
  })

  it('has ended when the chores are stopped, and does not run again', async () => {
    let begin = () => {}
    let finish = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const steps: string[] = []
    const runs = countRuns(1, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
        begin()
      })
      steps.push('ended')
    })
    const { stop } = start(runs)
    await begun
    const stopped = stop().then(() => steps.push('stopped'))
    await pause(5)
    finish()
    await stopped
    expect(steps).toEqual(['ended', 'stopped'])
    await pause(20)
    expect(runs.count()).toBe(1)
  })
})
