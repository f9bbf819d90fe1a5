import { describe, expect, it } from 'vitest'
import { findNear } from './near.ts'

describe('the name that was meant', () => {
  it.each([
    ['clam', 'claim'],
    ['relaese', 'release'],
    ['BUS_WRITE_SECRT', 'BUS_WRITE_SECRET'],
    ['pots', undefined],
    ['claim', undefined],
    ['heartbeats!!', undefined],
    ['', undefined],
  ])('of %j is %j', (name, meant) => {
    expect(findNear(name, ['post', 'release', 'claim', 'heartbeat', 'BUS_WRITE_SECRET', 'BUS_HOST'])).toBe(meant)
  })

  it('is the nearest of several', () => {
    expect(findNear('BUS_PORTS', ['BUS_HOSTS', 'BUS_PORT'])).toBe('BUS_PORT')
  })
})
