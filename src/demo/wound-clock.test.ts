import { describe, expect, it } from 'vitest'
import { createWoundClock } from './wound-clock.ts'

describe('a clock that was set back', () => {
  it('stands where it was set to until it is wound, never past the present and never backwards', () => {
    let present = 1000
    const clock = createWoundClock(() => present, 600)
    expect(clock.now()).toBe(400)
    present = 1010
    expect(clock.now()).toBe(400)
    expect(clock.advanceTo(700)).toBe(true)
    expect(clock.advanceTo(650)).toBe(true)
    expect(clock.now()).toBe(700)
    expect(clock.advanceTo(1011)).toBe(false)
    expect(clock.now()).toBe(700)
  })

  it('is the present one once it has caught up', () => {
    let present = 1000
    const clock = createWoundClock(() => present, 600)
    clock.catchUp()
    expect(clock.now()).toBe(1000)
    present = 1234
    expect(clock.now()).toBe(1234)
  })
})
