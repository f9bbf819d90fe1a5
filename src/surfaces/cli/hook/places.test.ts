import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, win32 } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder } from '../../../../test/support/bus.ts'
import { findLaneMapFile, findPlaces, findTruePath, toMapPath } from './places.ts'

/** Windows lets not everybody make links. */
const itWithLinks = it.skipIf(process.platform === 'win32')

/** A folder with these files in it, empty. */
function createFolder(...files: readonly string[]): string {
  // Where temporary folders are reached by a link, every path would have two names.
  const folder = realpathSync.native(createTempFolder())
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return folder
}

describe('findLaneMapFile', () => {
  it('finds the nearest one above, also from folders that are not there yet', () => {
    const root = createFolder('.git/HEAD', '.bus.json', 'packages/api/.bus.json')
    expect(findLaneMapFile(join(root, 'src/new/deep'), root)).toBe(join(root, '.bus.json'))
    expect(findLaneMapFile(join(root, 'packages/api/src'), root)).toBe(join(root, 'packages/api/.bus.json'))
  })

  it.each(['.git/HEAD', '.git', '.hg/store', '.jj/repo', '.svn/wc.db'])(
    'ends at the root of a repository, which %s marks',
    (mark) => {
      const root = createFolder('.bus.json', `repository/${mark}`)
      expect(findLaneMapFile(join(root, 'repository/src'), root)).toBeUndefined()
    },
  )

  it('outside of a repository ends at the folder of the session', () => {
    const root = createFolder('.bus.json', 'project/.bus.json', 'project/src/a.ts')
    expect(findLaneMapFile(join(root, 'project/src'), join(root, 'project'))).toBe(join(root, 'project/.bus.json'))
    expect(findLaneMapFile(join(root, 'other'), join(root, 'other'))).toBeUndefined()
    expect(findLaneMapFile(join(root, 'project/src'), join(root, 'other'))).toBeUndefined()
  })
})

describe('findPlaces', () => {
  it('takes a path as it is meant: relative to the session, and without its detours', () => {
    const root = createFolder('.git/HEAD', '.bus.json', 'src/feeds/a.ts')
    const place = [{ mapFile: join(root, '.bus.json'), path: 'src/feeds/a.ts' }]
    expect(findPlaces('src/feeds/a.ts', root)).toEqual(place)
    expect(findPlaces('../src/./feeds/a.ts', join(root, 'docs'))).toEqual(place)
    expect(findPlaces(`${root}/docs/../src/feeds/a.ts`, root)).toEqual(place)
    expect(findPlaces(join(root, '../a.ts'), root)).toEqual([])
  })

  itWithLinks('knows a file under its name and under that of the file that a link leads to', () => {
    const root = createFolder('.git/HEAD', '.bus.json', 'real/a.ts', 'src/b.ts')
    symlinkSync(join(root, 'real'), join(root, 'src/linked'))
    const paths = findPlaces(join(root, 'src/linked/a.ts'), root).map(({ path }) => path)
    expect(paths).toEqual(['src/linked/a.ts', 'real/a.ts'])
  })

  itWithLinks('knows where a step back leads after a link', () => {
    const root = createFolder('.git/HEAD', '.bus.json', 'real/deep/a.ts', 'real/b.ts', 'src/c.ts')
    symlinkSync(join(root, 'real/deep'), join(root, 'src/linked'))
    const paths = findPlaces(`${root}/src/linked/../b.ts`, root).map(({ path }) => path)
    expect(paths).toEqual(['src/b.ts', 'real/b.ts'])
  })

  itWithLinks('looks for the lane map where the file really is', () => {
    const root = createFolder('one/.git/HEAD', 'two/.git/HEAD', 'two/.bus.json', 'two/a.ts')
    symlinkSync(join(root, 'two/a.ts'), join(root, 'one/a.ts'))
    expect(findPlaces(join(root, 'one/a.ts'), join(root, 'one'))).toEqual([
      { mapFile: join(root, 'two/.bus.json'), path: 'a.ts' },
    ])
  })
})

describe('findTruePath', () => {
  itWithLinks('follows a link to what is not there yet', () => {
    const root = createFolder('src/a.ts')
    symlinkSync('../db/new.sql', join(root, 'src/link'))
    expect(findTruePath(join(root, 'src/link'))).toBe(join(root, 'db/new.sql'))
    expect(findTruePath(join(root, 'none/at/all'))).toBe(join(root, 'none/at/all'))
  })

  itWithLinks('comes to an end where links lead in a circle', () => {
    const root = createFolder('a')
    symlinkSync('two', join(root, 'one'))
    symlinkSync('one', join(root, 'two'))
    expect(findTruePath(join(root, 'one'))).toMatch(/(one|two)$/)
  })
})

describe('toMapPath', () => {
  it.each([
    [win32, 'C:\\repo', 'C:\\repo\\src\\feeds\\a.ts', 'src/feeds/a.ts'],
    [win32, 'C:\\repo', 'c:\\Repo\\src\\a.ts', 'src/a.ts'],
    [win32, 'C:\\repo', 'D:\\repo\\src\\a.ts', undefined],
    [win32, 'C:\\repo', 'C:\\other\\a.ts', undefined],
    [posix, '/repo', '/repo/src/a\\b.ts', 'src/a\\b.ts'],
    [posix, '/repo', '/repo/..a.ts', '..a.ts'],
    [posix, '/repo', '/repository/a.ts', undefined],
    [posix, '/repo', '/repo', undefined],
  ])('writes with forward slashes what is below the folder: %#', (system, folder, file, expected) => {
    expect(toMapPath(folder, file, system)).toBe(expected)
  })
})
