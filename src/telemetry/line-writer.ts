import { readTime } from './log.ts'
import type { LogStream } from './log-stream.ts'

/** So much may wait for whoever reads the log: a few thousand lines. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Writes lines to a stream that perhaps nobody reads, as a pipe whose reader sleeps. What waits is bounded: beyond it lines
 * are dropped, and how many they were is a line of its own when it goes on.
 */
export function createLineWriter(
  stream: LogStream,
  maxWaitingBytes: number = MAX_WAITING_BYTES,
): (line: string) => void {
  let dropped = 0
  return (line) => {
    if (stream.writableLength > maxWaitingBytes) {
      dropped += 1
      return
    }
    if (dropped > 0) stream.write(`${describeDropped(dropped)}\n`)
    dropped = 0
    stream.write(`${line}\n`)
  }
}

function describeDropped(lines: number): string {
  return JSON.stringify({ level: 'warn', time: readTime(), event: 'log lines dropped', lines })
}
