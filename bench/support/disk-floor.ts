import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = Buffer.alloc(4096, 1)

/** Makes 4 KiB durable that are written over others, again and again. */
export interface DiskFloor {
  /** How long it took once, in milliseconds. */
  sync(): Promise<number>
  close(): void
}

export function openDiskFloor(folder: string): DiskFloor {
  const path = join(folder, 'disk-floor')
  const file = openSync(path, 'w')
  return {
    sync: async () => {
      const started = performance.now()
      writeSync(file, PAGE, 0, PAGE.length, 0)
      fdatasyncSync(file)
      return performance.now() - started
    },
    close: () => {
      closeSync(file)
      rmSync(path)
    },
  }
}
