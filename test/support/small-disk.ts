import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createTempFolder } from './bus.ts'

/** A file system of its own, of a few megabytes, that can really be full. */
export interface SmallDisk {
  readonly folder: string
  /** Leaves no byte free. */
  fill(): void
  /** Makes the room free again. */
  clear(): void
}

/** Why none can be mounted here; undefined where one can. */
export function findMountObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'it mounts a tmpfs of Linux'
  // In a namespace of its own, so that the question leaves nothing behind.
  const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'])
  return status === 0 ? undefined : 'only the superuser may mount a file system'
}

/** Mounted until the end of the test. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = join(createTempFolder(), 'disk')
  mkdirSync(folder)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  if (status !== 0) throw new Error(`cannot mount: ${stderr}`)
  // Lazily: whoever still has a file open there is about to be killed.
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', folder])
  })
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: () => {
      const block = Buffer.alloc(4_096)
      try {
        while (true) writeFileSync(filler, block, { flag: 'a' })
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    clear: () => rmSync(filler),
  }
}
