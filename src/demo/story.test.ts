import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { cast } from './cast.ts'
import * as chatter from './chatter.ts'
import { stories } from './stories/index.ts'
import { type Beat, createWords, kindOf, phrase, type Story } from './story.ts'

/** All texts of a story. */
function listTexts({ beats, done, note }: Story): string[] {
  return [note, done, ...beats.flatMap(listTextsOf)]
}

function listTextsOf(beat: Beat): readonly string[] {
  switch (beat.kind) {
    case 'say':
      return [beat.body]
    case 'note':
      return [beat.note]
    case 'ask':
    case 'review':
      return beat.exchange.filter((text) => text !== undefined)
    case 'use':
      return [beat.why, beat.result]
    case 'approve':
      return [beat.ask, ...beat.granted, ...(beat.refused ?? [])]
    case 'quiet':
      return []
    case 'hand-over':
      return [beat.body, beat.reply]
  }
}

describe('the stories', () => {
  it('can all be told, with every word that they have', () => {
    for (const story of stories) {
      const tellings = Math.max(1, ...Object.values(story.vars ?? {}).map(({ length }) => length))
      for (let telling = 0; telling < tellings; telling += 1) {
        const words = createWords(createRandom(telling), story, telling, 2400)
        for (const text of listTexts(story)) {
          expect(words(text)).not.toMatch(/[{}]|\b1 (?:sessions|charges|flakes|requests)\b/)
          expect(Buffer.byteLength(words(text))).toBeLessThan(500)
        }
      }
    }
  })

  it('happen on some 25 lanes, and every role has ordinary ones', () => {
    const lanes = new Set(stories.map(({ lane }) => lane))
    expect(lanes.size).toBeGreaterThanOrEqual(24)
    expect(lanes.size).toBeLessThanOrEqual(30)
    for (const { role } of cast) {
      const own = stories.filter((story) => story.role === role && kindOf(story) === 'ordinary')
      expect(own.length, role).toBeGreaterThanOrEqual(2)
    }
  })

  it('come back as other work: the next telling has the next words', () => {
    const vars = { carrier: ['one', 'two', 'three'] }
    const told = [0, 1, 2, 3].map((telling) => createWords(createRandom(1), { vars }, telling, 1)('{Carrier} {pr}'))
    expect(told).toEqual(['One #1', 'Two #1', 'Three #1', 'One #1'])
  })

  it('fill in a number that is the same wherever its name stands, and another where there is none', () => {
    const words = createWords(createRandom(1), { vars: { n: ['{10..99999}'] } }, 0, 1)
    expect(words('{n}')).toBe(words('{n}'))
    expect(words('{10..99999}')).not.toBe(words('{10..99999}'))
  })

  it('fail on a slot that nothing fills', () => {
    expect(() => createWords(createRandom(1), {}, 0, 1)('{carrier}')).toThrow('nothing to fill {carrier} with')
  })
})

describe('what is said outside of stories', () => {
  it('can all be filled in', () => {
    const names = { lane: 'a', why: 'b', owner: 'c', minutes: '7', agent: 'd', fence: '2', pr: '#1', person: 'e' }
    for (const text of Object.values(chatter).flat()) {
      expect(phrase(createRandom(1), [text], names)).not.toMatch(/[{}]/)
    }
  })
})
