import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder } from '../../../test/support/bus.ts'
import { rememberFiles } from './own-files.ts'

/** Its files, and whether its content is told to be another one's. */
function createFiles(platform: NodeJS.Platform) {
  const path = join(createTempFolder(), 'bus.db')
  for (const ending of ['', '-wal', '-shm', '-lock']) writeFileSync(`${path}${ending}`, 'mine')
  const content = { isOverwritten: false }
  const isOverwritten = () => content.isOverwritten
  return { path, content, files: rememberFiles({ path, log: undefined, isOverwritten, rescue: () => {}, platform }) }
}

describe('the files of a database', () => {
  it.each(['linux', 'win32'] as const)(
    'are refused for writing on %s when another program wrote over them',
    (platform) => {
      const { content, files } = createFiles(platform)
      files.assertThere()
      files.assertKept()
      content.isOverwritten = true
      expect(() => files.assertThere()).toThrow('another program wrote over it')
      expect(() => files.assertKept()).toThrow('another program wrote over it')
    },
  )

  it('are told by what they are, but on Windows by their names, which nobody can take from them', () => {
    for (const [platform, isFound] of [
      ['linux', true],
      ['win32', false],
    ] as const) {
      const { path, files } = createFiles(platform)
      writeFileSync(`${path}.new`, 'theirs')
      renameSync(`${path}.new`, path)
      if (isFound) expect(() => files.assertThere()).toThrow('another file was put in its place')
      else files.assertThere()
    }
  })
})
