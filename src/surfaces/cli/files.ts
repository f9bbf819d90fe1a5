import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { UsageError } from './command.ts'

export interface LineWriter {
  write(line: string): Promise<void>
  /** Resolves when everything is written. */
  end(): Promise<void>
}

/**
 * Writes lines to a new file, or to standard output when no file is named.
 *
 * @throws {UsageError} When there is such a file already: an export never takes another one's place.
 */
export async function openOutput(path: string | undefined): Promise<LineWriter> {
  const stream = path === undefined ? process.stdout : createWriteStream(path, { flags: 'wx', mode: 0o600 })
  if (path !== undefined) await opened(stream, path)
  return {
    write: async (line) => {
      if (!stream.write(`${line}\n`)) await once(stream, 'drain')
    },
    end: async () => {
      if (path === undefined) return
      stream.end()
      await once(stream, 'finish')
    },
  }
}

/** @throws {UsageError} */
export async function openInput(path: string): Promise<AsyncIterable<string>> {
  const stream = createReadStream(path, 'utf8')
  await opened(stream, path)
  return readLines(stream)
}

/** The lines without their ends. (Node's readline drops those that come before somebody asks for the first.) */
async function* readLines(stream: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.replace(/\r$/, '')
  }
  if (rest !== '') yield rest
}

async function opened(stream: NodeJS.EventEmitter, path: string): Promise<void> {
  try {
    await once(stream, 'open')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const why = new Map([
      ['EEXIST', 'there is such a file already'],
      ['ENOENT', 'no such file'],
      ['EACCES', 'no permission'],
    ]).get(code)
    throw new UsageError(`cannot use ${path}: ${why ?? code}`)
  }
}
