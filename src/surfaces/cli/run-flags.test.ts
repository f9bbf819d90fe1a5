import { describe, expect, it } from 'vitest'
import { splitCommand } from './run-flags.ts'

const npmTest = ['npm', 'test']

describe('the command of bus-mcp run', () => {
  it.each([
    ['behind the first --', ['--lane', 'a', '--wait=5m', '--', 'npm', 'test'], ['--lane', 'a', '--wait=5m'], npmTest],
    [
      'behind the first --, which the second is a part of',
      ['--lane', 'a', '--', 'x', '--', 'y'],
      ['--lane', 'a'],
      ['x', '--', 'y'],
    ],
    [
      'with the first word that is no value, where a shell took the --',
      ['--lane', 'a', 'npm', 'test'],
      ['--lane', 'a'],
      npmTest,
    ],
    [
      'with it also behind a value that was written with =',
      ['--wait', '5m', '--lane=a', 'npm', 'test'],
      ['--wait', '5m', '--lane=a'],
      npmTest,
    ],
    [
      'with it, and a later -- is its own',
      ['--lane', 'a', 'x', '--', 'y', '--help'],
      ['--lane', 'a'],
      ['x', '--', 'y', '--help'],
    ],
    ['behind -- also where a flag has no value', ['--lane', '--', 'npm', 'test'], ['--lane'], npmTest],
    ['behind --, and may look like a flag', ['--lane', 'a', '--', '-x'], ['--lane', 'a'], ['-x']],
    ['nowhere, when there is none', ['--lane', 'a'], ['--lane', 'a'], []],
    ['nowhere, when its value is missing', ['--lane'], ['--lane'], []],
    ['behind the short flag for help', ['-h', 'npm', 'test'], ['-h'], npmTest],
  ])('begins %s', (_, words, flags, command) => {
    expect(splitCommand(words)).toEqual({ flags, command })
  })
})
