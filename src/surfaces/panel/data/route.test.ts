import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVERYTHING } from './messages.ts'
import { formatRoute, parseRoute } from './route.ts'

describe('the address', () => {
  it('says nothing when everything is shown', () => {
    expect(formatRoute({ lane: undefined, filter: EVERYTHING })).toBe('#')
    expect(parseRoute('')).toEqual({ lane: undefined, filter: EVERYTHING })
  })

  it('names a lane, a filter and a message in words that a person can read', () => {
    const route = { lane: 'feeds', filter: { ...EVERYTHING, topic: 'converge', flagged: true, from: 12 } }
    expect(formatRoute(route)).toBe('#lane=feeds&topic=converge&flagged=true&message=12')
  })

  it('leads to the same again, whatever the names are', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 })
    const id = fc.nat(1e9)
    const filter = fc.record({ topic: text, sender: text, search: text, flagged: fc.boolean(), thread: id, from: id })
    const lane = fc.option(fc.string({ minLength: 1 }), { nil: undefined })
    fc.assert(
      fc.property(fc.record({ lane, filter }), (route) => {
        expect(parseRoute(formatRoute(route))).toEqual(route)
      }),
    )
  })

  it.each(['#message=abc', '#message=-1', '#message=1e3', '#thread=99999999999999999999', '#flagged=perhaps', '#%zz'])(
    'that nobody can read shows everything: %s',
    (fragment) => {
      expect(parseRoute(fragment).filter).toEqual(EVERYTHING)
    },
  )
})
