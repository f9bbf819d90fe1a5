import { isUtf8 } from 'node:buffer'
import { Transform, type TransformCallback } from 'node:stream'

/** What is kept of a line that is dropped: enough for the id of a request, which stands first or last in it. */
const KEPT_BYTES = 512

/** A line that comes byte by byte would otherwise cost a hundred times its size. */
const MAX_PARTS = 1024

const NEW_LINE = 0x0a

/** A line that was dropped: why, and the id of its request where that is seen. */
export type OnDropped = (why: 'too long' | 'not UTF-8', id: string | number | null) => void

/**
 * Passes lines on when they are whole, and drops those that are no UTF-8 or too long, so that a line without end costs no more than the
 * longest one. What stands after the last line's end is dropped as well.
 */
export class WholeLines extends Transform {
  readonly #maxBytes: number
  readonly #onDropped: OnDropped
  /** The line so far; as much of it as is kept. */
  #parts: Buffer[] = []
  #size = 0
  #tail: Buffer = Buffer.alloc(0)

  /** @param maxBytes Of a line, its end included. */
  constructor(maxBytes: number, onDropped: OnDropped) {
    super()
    this.#maxBytes = maxBytes
    this.#onDropped = onDropped
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    let from = 0
    while (from < chunk.length) {
      const end = chunk.indexOf(NEW_LINE, from)
      const until = end === -1 ? chunk.length : end + 1
      this.#take(chunk.subarray(from, until))
      if (end !== -1) this.#endLine()
      from = until
    }
    done()
  }

  #take(part: Buffer): void {
    const wasTooLong = this.#size > this.#maxBytes
    this.#size += part.length
    if (this.#size <= this.#maxBytes) {
      this.#parts.push(part)
      if (this.#parts.length > MAX_PARTS) this.#parts = [Buffer.concat(this.#parts)]
      return
    }
    const line = wasTooLong ? [this.#tail, part] : [...this.#parts, part]
    // Copied: a part of a chunk keeps all of it in memory.
    if (!wasTooLong) this.#parts = [Buffer.from(Buffer.concat(line).subarray(0, KEPT_BYTES))]
    this.#tail = Buffer.from(Buffer.concat(line).subarray(-KEPT_BYTES))
  }

  #endLine(): void {
    const line = Buffer.concat(this.#parts)
    if (this.#size > this.#maxBytes) this.#onDropped('too long', findId(line.toString(), this.#tail.toString()))
    else if (isUtf8(line)) this.push(line)
    else this.#onDropped('not UTF-8', null)
    this.#parts = []
    this.#size = 0
  }
}

/** As every client writes it: of the message itself, for what stands further inside is followed by more than one brace. */
const ID = '(\\d{1,15}|"[\\w.:-]{1,128}")'
const ID_FIRST = new RegExp(`^\\{(?:"jsonrpc":"2\\.0",)?"id":${ID},`)
const ID_LAST = new RegExp(`,"id":${ID}\\}\\r?\\n$`)

/** The id of a request that was dropped; null when it is not seen, as JSON-RPC 2.0 has it. */
export function findId(head: string, tail: string): string | number | null {
  const found = ID_FIRST.exec(head)?.[1] ?? ID_LAST.exec(tail)?.[1]
  if (found === undefined) return null
  return found.startsWith('"') ? found.slice(1, -1) : Number(found)
}
