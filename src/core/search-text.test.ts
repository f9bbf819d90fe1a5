import { describe, expect, it } from 'vitest'
import { parseSearchText } from './search-text.ts'

const word = (text: string) => ({ text, isPrefix: false })
const prefix = (text: string) => ({ text, isPrefix: true })

describe('a text to search for', () => {
  it.each([
    ['deploy', [word('deploy')]],
    ['  two   words ', [word('two'), word('words')]],
    ['"step 3" done', [word('step 3'), word('done')]],
    ['feed*', [prefix('feed')]],
    ['"step th"*', [prefix('step th')]],
    ['feeds-refactor', [word('feeds-refactor')]],
    ['a - b', [word('a'), word('b')]],
    ['one"two three"four', [word('one'), word('two three'), word('four')]],
    ['NOT x OR (y)', [word('NOT'), word('x'), word('OR'), word('(y)')]],
    ['Ünïcode 部署', [word('Ünïcode'), word('部署')]],
  ])('%s is read as its terms', (text, terms) => {
    expect(parseSearchText(text)).toEqual(terms)
  })

  it.each(['"open', 'a "b" "', '!!!', '*', '""', ' '])('%s is none', (text) => {
    expect(parseSearchText(text)).toBeUndefined()
  })
})
