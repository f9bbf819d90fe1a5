import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder } from '../../../../test/support/bus.ts'
import { operations } from '../../../product.ts'
import { findEntries, LaneMapError, readLaneMap } from './lane-map.ts'

function read(content: unknown) {
  const file = join(createTempFolder(), '.bus.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readLaneMap(file, operations)
}

function findLanes(glob: string, path: string): string[] {
  return findEntries(read({ lanes: { [glob]: 'feeds' } }), path).map(({ lane }) => lane)
}

describe('readLaneMap', () => {
  it('reads lanes in their short and their long form, and everything else', () => {
    expect(
      read({
        $schema: './node_modules/bus-mcp/docs/reference/bus-json.schema.json',
        lanes: { 'src/feeds/**': 'feeds-refactor', 'db/**': { lane: 'db:migrations', require: true } },
        announce: { topic: 'hello' },
        onUnreachable: 'deny',
      }),
    ).toEqual({
      entries: [
        { glob: 'src/feeds/**', lane: 'feeds-refactor', isRequired: false },
        { glob: 'db/**', lane: 'db:migrations', isRequired: true },
      ],
      announceTopic: 'hello',
      onUnreachable: 'deny',
    })
  })

  it('has a standard for all that is left out', () => {
    const standard = { entries: [], announceTopic: 'sessions', onUnreachable: 'allow' }
    expect(read({})).toEqual(standard)
    expect(read('\ufeff{"announce": true}')).toEqual(standard)
    expect(read({ announce: false }).announceTopic).toBeUndefined()
  })

  it.each([
    ['an unknown field', { lane: {} }, 'lane is unknown here'],
    ['a lane that is none', { lanes: { 'src/**': 'my lane' } }, 'lanes["src/**"]: lane must be 1 to 128 of A-Z'],
    ['a lane that is a number', { lanes: { 'src/**': 7 } }, 'lanes["src/**"] must be the name of a lane, or {"lane"'],
    ['no lane', { lanes: { 'src/**': { require: true } } }, 'lanes["src/**"].lane'],
    [
      'a require that is a text',
      { lanes: { src: { lane: 'a', require: 'yes' } } },
      'lanes.src.require must be true or',
    ],
    ['a list of lanes', { lanes: ['src'] }, 'lanes must be an object: globs, and the lane of each'],
    ['a bracket that is open', { lanes: { 'src/[a': 'a' } }, 'lanes["src/[a"]: is no glob: a bracket is not closed'],
    ['backslashes', { lanes: { 'src\\feeds': 'a' } }, 'a glob has forward slashes'],
    ['a way out', { lanes: { '../other/**': 'a' } }, 'a glob is relative to the folder of .bus.json'],
    ['a whole path', { lanes: { '/src/**': 'a' } }, 'a glob is relative to the folder of .bus.json'],
    ['a glob that says no', { lanes: { '!src/**': 'a' } }, 'a glob says what it means'],
    ['an empty glob', { lanes: { '': 'a' } }, 'a glob must not be blank'],
    ['a topic that is none', { announce: { topic: '' } }, 'announce.topic: topic must not be empty'],
    ['another word', { onUnreachable: 'block' }, 'onUnreachable must be "allow" or "deny"'],
    ['a list', [], 'the whole: Invalid input: expected object'],
    ['a comma too much', '{"lanes": {},}', '.bus.json is not JSON: '],
  ])('refuses %s, and names it', (_, content, said) => {
    expect(() => read(content)).toThrow(LaneMapError)
    expect(() => read(content)).toThrow(said)
  })

  it('refuses what cannot be read', () => {
    const file = join(createTempFolder(), '.bus.json')
    mkdirSync(file)
    expect(() => readLaneMap(file, operations)).toThrow(/\.bus\.json cannot be read: EISDIR/)
  })
})

describe('findEntries', () => {
  it.each([
    ['src/feeds/**', 'src/feeds/deep/a.ts'],
    ['src/feeds/**', 'src/feeds/.env'],
    ['src/**', 'src/.hidden/a.ts'],
    ['src/feeds', 'src/feeds/a.ts'],
    ['src/feeds/', 'src/feeds/a.ts'],
    ['./src/feeds', 'src/feeds/a.ts'],
    ['src/feeds', 'src/feeds'],
    ['**/*.sql', 'a.sql'],
    ['**/*.sql', 'db/deep/a.sql'],
    ['*.{json,yaml}', 'package.json'],
    ['src/[ab].ts', 'src/b.ts'],
    ['!(docs)/**', 'src/a.ts'],
    ['**', 'anything/at/all'],
    ['app/(group)/*.tsx', 'app/(group)/page.tsx'],
    ['app/[id]/**', 'app/[id]/page.tsx'],
    ['app/[...all]', 'app/[...all]/page.tsx'],
  ])('%s means %s', (glob, path) => {
    expect(findLanes(glob, path)).toEqual(['feeds'])
  })

  it.each([
    ['src/feeds', 'src/feeds-old/a.ts'],
    ['src/feeds/**', 'lib/src/feeds/a.ts'],
    ['*.sql', 'db/a.sql'],
    ['src/*.ts', 'src/deep/a.tsx'],
    ['SRC/**', 'src/a.ts'],
    ['!(docs)/**', 'docs/a.md'],
  ])('%s does not mean %s', (glob, path) => {
    expect(findLanes(glob, path)).toEqual([])
  })

  it('gives every entry that fits, in the order of the file', () => {
    const map = read({ lanes: { 'src/**': 'all', 'docs/**': 'docs', 'src/a.ts': { lane: 'a', require: true } } })
    expect(findEntries(map, 'src/a.ts').map(({ lane }) => lane)).toEqual(['all', 'a'])
  })
})
