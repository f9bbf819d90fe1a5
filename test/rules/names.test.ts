import { describe, expect, it } from 'vitest'
import { checkExports, checkLengths, checkNames, checkReserved } from './support/names.ts'
import { isGenerated, readProduct, readRoot, readTree } from './support/tree.ts'

const product = readProduct()
const all = [
  ...['src', 'test', 'scripts', 'examples', 'bench'].flatMap((folder) => readTree(folder)),
  ...readRoot('.ts'),
].filter(({ path }) => !isGenerated(path))

describe('names', () => {
  it('are kebab-case and say something', () => {
    expect(checkNames(all.map(({ path }) => path))).toEqual([])
  })

  it.each([
    ['src/core/laneStore.ts', 'src/core/laneStore.ts is not in kebab-case'],
    ['src/Core/lane.ts', 'src/Core/lane.ts is not in kebab-case'],
    ['src/core/lane_store.ts', 'src/core/lane_store.ts is not in kebab-case'],
    ['src/utils/time.ts', 'src/utils/time.ts: utils says nothing'],
    ['src/core/helpers.ts', 'src/core/helpers.ts: helpers.ts says nothing'],
    ['src/common/lane.ts', 'src/common/lane.ts: common says nothing'],
    ['test/manager.test.ts', 'test/manager.test.ts: manager.test.ts says nothing'],
  ])('are told when they break the rule: %s', (path, breach) => {
    expect(checkNames([path])).toEqual([breach])
  })
})

describe('files', () => {
  it('have at most 350 lines', () => {
    expect(checkLengths(all)).toEqual([])
  })

  it('are told when they have one more', () => {
    const lines = (count: number) => [{ path: 'src/a.ts', text: '1\n'.repeat(count) }]
    expect(checkLengths(lines(350))).toEqual([])
    expect(checkLengths(lines(351))).toEqual(['src/a.ts has 351 lines, more than 350'])
  })

  it('have no default export in src', () => {
    expect(checkExports(product)).toEqual([])
  })

  it.each(['export default function run() {}', 'export { run as default }'])('are told when they do: %s', (text) => {
    expect(checkExports([{ path: 'src/a.ts', text }])).toEqual(['src/a.ts has a default export'])
  })
})

describe('settings, time and the console', () => {
  it('are touched only where they belong', () => {
    expect(checkReserved(product)).toEqual([])
  })

  it.each([
    ['const { PORT } = process.env', 'uses process.env: take settings from the configuration'],
    ['const [, , command] = process.argv', 'uses process.argv: take settings from the configuration'],
    ['const at = Date.now()', 'uses Date.now: take the time from the clock or the context'],
    ['const at = new Date()', 'uses new Date: take the time from the clock or the context'],
    ["console.error('so')", 'uses console.: use the log of the context'],
  ])('are told elsewhere: %s', (text, breach) => {
    expect(checkReserved([{ path: 'src/core/lane.ts', text }])).toEqual([`src/core/lane.ts ${breach}`])
  })

  it('may be spoken of in comments and texts', () => {
    const text = "// Never process.env.\nconst advice = 'not console.log, not new Date()'"
    expect(checkReserved([{ path: 'src/core/lane.ts', text }])).toEqual([])
  })
})
