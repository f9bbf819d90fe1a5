import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { silentLog } from '../../../test/support/silent-log.ts'
import { createKeeper, type Grant, type Renewal } from './keeper.ts'

const subject = { field: 'thing', name: 'a' }
const MAX_HOLD_MS = 10_000

function start() {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const renewals: (Renewal & { readonly lose: (reason: string) => void })[] = []
  const said: unknown[] = []
  const log = { ...silentLog, info: (...line: unknown[]) => said.push(line) }
  const keeper = createKeeper(
    (_, lose) => {
      const renewal = { stop: vi.fn(), giveBack: vi.fn(async () => {}), lose }
      renewals.push(renewal)
      return renewal
    },
    MAX_HOLD_MS,
    log,
  )
  const grant = (): Grant => ({ input: {}, answer: {}, askedAt: performance.now() })
  const granted = (keepAlive?: boolean) => keeper.granted(subject, grant(), keepAlive)
  return { keeper, renewals, granted, said }
}

describe('what is kept', () => {
  it('is kept for the rest of the time when it is granted anew, and for all of it when that is asked for', () => {
    const { renewals, granted } = start()
    expect(granted()).toBeUndefined()
    expect(renewals).toEqual([])
    expect(granted(true)).toBe(10)
    vi.advanceTimersByTime(4_000)
    expect(granted()).toBe(6)
    expect(renewals[0]?.stop).toHaveBeenCalled()
    expect(granted(true)).toBe(10)
    vi.advanceTimersByTime(9_999)
    expect(renewals[2]?.stop).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(renewals[2]?.stop).toHaveBeenCalled()
    expect(granted()).toBeUndefined()
  })

  it('is kept no more when that is asked for, or when it is given back', () => {
    const { keeper, renewals, granted } = start()
    granted(true)
    expect(granted(false)).toBeUndefined()
    granted(true)
    keeper.ended(subject)
    for (const { stop } of renewals) expect(stop).toHaveBeenCalled()
    expect(granted()).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is told once when it was lost, and not when it was given back meanwhile', () => {
    const { keeper, renewals, granted } = start()
    granted(true)
    renewals[0]?.lose('stolen')
    expect(keeper.takeLost()).toEqual([{ thing: 'a', reason: 'stolen' }])
    expect(keeper.takeLost()).toEqual([])
    granted(true)
    renewals[1]?.lose('stolen')
    keeper.ended(subject)
    expect(keeper.takeLost()).toEqual([])
  })

  it('is given back at the end, also what is granted only then, and said when it could not be', async () => {
    const { keeper, renewals, granted, said } = start()
    granted(true)
    await keeper.close()
    expect(renewals[0]?.giveBack).toHaveBeenCalledTimes(1)
    granted(true)
    await vi.waitFor(() => expect(renewals[1]?.giveBack).toHaveBeenCalledTimes(1))
    expect(vi.getTimerCount()).toBe(0)
    expect(said).toEqual([])
    const other = start()
    other.granted(true)
    vi.mocked(other.renewals[0]?.giveBack)?.mockRejectedValue(new Error('away'))
    await other.keeper.close()
    expect(other.said).toEqual([[expect.stringContaining('not given back'), { count: 1 }]])
  })
})
