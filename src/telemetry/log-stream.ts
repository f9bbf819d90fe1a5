import { write } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/** As much of a stream as a log needs. */
export type LogStream = Pick<Writable, 'write' | 'writableLength'>

/**
 * Where the lines of the log go for standard error. On Windows Node writes to a pipe there while the whole process waits, for ever
 * when nobody reads, and `writableLength` tells of nothing that waits. So a thread writes to the same descriptor instead. The
 * process ends when that has written all: where nobody reads, it has to be killed.
 */
export function openLogStream(
  stream: Writable,
  descriptor: number,
  platform: NodeJS.Platform = process.platform,
): LogStream {
  const isPipe = stream instanceof Socket && !('isTTY' in stream && stream.isTTY === true)
  return platform === 'win32' && isPipe ? createQueue(descriptor) : stream
}

function createQueue(descriptor: number): LogStream {
  let waiting: string[] = []
  let waitingBytes = 0
  let isWriting = false
  const writeAll = (bytes: Buffer, done: () => void) => {
    write(descriptor, bytes, (error, written) => {
      waitingBytes -= error ? bytes.length : written
      // As with standard error itself: a log whose reader went away is no fault.
      if (error || written === bytes.length) done()
      else writeAll(bytes.subarray(written), done)
    })
  }
  const takeUp = () => {
    isWriting = waiting.length > 0
    if (!isWriting) return
    const bytes = Buffer.from(waiting.join(''))
    waiting = []
    writeAll(bytes, takeUp)
  }
  // No callback comes after this, but Node ends with what its threads were given before.
  process.once('exit', takeUp)
  return {
    write: (text: string) => {
      waiting.push(text)
      waitingBytes += Buffer.byteLength(text)
      if (!isWriting) takeUp()
      return true
    },
    get writableLength() {
      return waitingBytes
    },
  }
}
