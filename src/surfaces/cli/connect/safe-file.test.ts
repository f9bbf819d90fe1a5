import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder } from '../../../../test/support/bus.ts'
import { openSafeFile, untilLetGo } from './safe-file.ts'

function createFile(text: string | Uint8Array): { folder: string; path: string } {
  const folder = createTempFolder()
  const path = join(folder, 'settings.json')
  writeFileSync(path, text)
  return { folder, path }
}

describe('a file that is replaced', () => {
  it('is made with its folders when there is none, without a copy of nothing', async () => {
    const path = join(createTempFolder(), 'new', 'folder', 'settings.json')
    const file = await openSafeFile(path)
    expect(file.text).toBe('')
    expect(await file.replace('a')).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('a')
    expect(readdirSync(join(path, '..'))).toEqual(['settings.json'])
  })

  it('keeps every former one beside it, each under a name of its own', async () => {
    const { folder, path } = createFile('0')
    const kept: (string | undefined)[] = []
    for (const text of ['1', '2', '3', '4']) kept.push(await (await openSafeFile(path)).replace(text))
    expect(kept[0]).toBe(`${path}.bak`)
    expect(new Set(kept).size).toBe(4)
    for (const [index, backup = ''] of kept.entries()) expect(readFileSync(backup, 'utf8')).toBe(String(index))
    expect(kept[1]).toMatch(/settings\.json\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.bak$/)
    expect(readFileSync(path, 'utf8')).toBe('4')
    expect(readdirSync(folder)).toHaveLength(5)
  })

  it('is refused when somebody else wrote it since it was read, and is then theirs', async () => {
    const { folder, path } = createFile('old')
    const file = await openSafeFile(path)
    writeFileSync(path, 'theirs')
    await expect(file.replace('ours')).rejects.toThrow('was changed by somebody else')
    expect(readFileSync(path, 'utf8')).toBe('theirs')
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('is refused when it is no text, or a folder', async () => {
    await expect(openSafeFile(createFile(new Uint8Array([0x7b, 0xff])).path)).rejects.toThrow('no text in UTF-8')
    const folder = createTempFolder()
    mkdirSync(join(folder, 'settings.json'))
    await expect(openSafeFile(join(folder, 'settings.json'))).rejects.toThrow('it is a folder')
  })

  it('gives back the mark of Windows editors, and characters of every kind', async () => {
    expect((await openSafeFile(createFile('\uFEFFü 🚌').path)).text).toBe('\uFEFFü 🚌')
  })

  describe.skipIf(process.platform === 'win32')('where files have modes and links', () => {
    it.each([0o600, 0o664])('keeps its mode, and so does the copy (%#)', async (mode) => {
      const { path } = createFile('old')
      chmodSync(path, mode)
      const backup = await (await openSafeFile(path)).replace('new')
      expect(statSync(path).mode & 0o777).toBe(mode)
      expect(statSync(backup ?? '').mode & 0o777).toBe(mode)
    })

    it('stays where a link leads to', async () => {
      const { path } = createFile('old')
      const link = join(createTempFolder(), 'settings.json')
      symlinkSync(path, link)
      await (await openSafeFile(link)).replace('new')
      expect(readFileSync(path, 'utf8')).toBe('new')
      expect(statSync(link).ino).toBe(statSync(path).ino)
    })
  })
})

describe('a file that a program has open', () => {
  /** Is refused so many times, then done. */
  function createRename(refusals: number, code: string) {
    const calls = { count: 0 }
    const act = async () => {
      calls.count += 1
      if (calls.count <= refusals) throw Object.assign(new Error(code), { code })
    }
    return { calls, act }
  }

  it.each(['EPERM', 'EBUSY', 'EACCES'])('is replaced on Windows once it is let go of: %s', async (code) => {
    const { calls, act } = createRename(5, code)
    await untilLetGo(act, 'win32')
    expect(calls.count).toBe(6)
  })

  it.each([
    ['for too long', 'win32', 'EPERM', 6],
    ['on a system where that is no matter of time', 'linux', 'EPERM', 1],
    ['and the disk is full', 'win32', 'ENOSPC', 1],
  ] as const)('is not replaced when it is open %s', async (_, platform, code, tries) => {
    const { calls, act } = createRename(9, code)
    await expect(untilLetGo(act, platform)).rejects.toThrow(code)
    expect(calls.count).toBe(tries)
  })
})
