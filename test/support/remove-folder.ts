import { rmSync } from 'node:fs'

/** Removes a folder with all that is in it; one that Windows still keeps open stays, in the folder of what is temporary. */
export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  } catch (error) {
    // A driver keeps a closed file open until its statements are collected, and a process that was ended its files for a while.
    if (process.platform !== 'win32') throw error
  }
}
