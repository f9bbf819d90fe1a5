import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { quoteForPerson } from './quote.ts'

/** What agents may call themselves. */
const NAMES = [
  'builder',
  'x$(touch /tmp/x)',
  '`id`',
  "it's",
  'a"b',
  'a b',
  '%PATH%',
  '@args',
  'a;b&c|d>e',
  '$HOME',
  '!!',
  '~',
  '\\',
  "\\'; id; '",
]

describe('a word that a person is told to type', () => {
  it.skipIf(process.platform === 'win32').each(NAMES)('is itself in a shell: %s', (name) => {
    const { stdout } = spawnSync('sh', ['-c', `printf %s ${quoteForPerson(name, 'linux')}`], { encoding: 'utf8' })
    expect(stdout).toBe(name)
  })

  it.each(NAMES)('is left to the person where the shells of Windows would make something of it: %s', (name) => {
    expect(quoteForPerson(name, 'win32')).toBe(name === 'builder' ? name : '…')
  })
})
