import { readFileSync } from 'node:fs'

/** What a process has in memory, in MiB; undefined where the system does not say so in a file. */
export function readMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}

export const NO_MEMORY = 'memory was left out: only Linux says in a file what a process takes'
