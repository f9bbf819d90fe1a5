import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { quantile } from './measure.ts'

const PAGE = Buffer.alloc(4096, 1)
const SYNCS = 200

/** How long the disk takes to make 4 KiB durable that are written over others: p50 in milliseconds. */
export function measureDisk(folder: string): number {
  const path = join(folder, 'disk-floor')
  const file = openSync(path, 'w')
  const times: number[] = []
  try {
    for (let count = 0; count < SYNCS; count += 1) {
      const started = performance.now()
      writeSync(file, PAGE, 0, PAGE.length, 0)
      fdatasyncSync(file)
      times.push(performance.now() - started)
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return quantile(
    times.sort((one, other) => one - other),
    0.5,
  )
}
