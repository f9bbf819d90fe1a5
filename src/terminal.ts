import type { Log, LogLevel } from './core/context.ts'
import { AppError, errorKinds } from './core/errors.ts'
import { createLineWriter } from './telemetry/line-writer.ts'
import { createLog } from './telemetry/log.ts'
import { openLogStream } from './telemetry/log-stream.ts'

/** The process's own streams. */
export const terminal = {
  out: (text: string) => console.log(text),
  err: (text: string) => console.error(text),
  readInput: async () => {
    process.stdin.setEncoding('utf8')
    let text = ''
    for await (const chunk of process.stdin) text += chunk
    return text
  },
}

// Standard output belongs to the protocol in the MCP server, and to answers elsewhere.
const writeLine = createLineWriter(openLogStream(process.stderr, 2))

/** What goes wrong is told there at the standard level; a bus makes another one, as its settings say. */
export const log = createTerminalLog()

export function createTerminalLog(level?: LogLevel): Log {
  return createLog(writeLine, level)
}

/** Resolves when a signal has come and everything has ended; a second signal ends at once. */
export async function stopOnSignal(signals: readonly NodeJS.Signals[], close: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
  await close()
}

/** Says what a command failed with: one line for the person, or the whole fault; and sets the exit status. */
export function tellFailure(error: unknown): void {
  if (error instanceof AppError) terminal.err(`bus-mcp: ${error.message}`)
  else log.error('bus-mcp failed', error)
  process.exitCode = error instanceof AppError ? errorKinds[error.kind].exitCode : errorKinds.internal.exitCode
}

/**
 * Ends the process with the whole fault in its log when something was thrown that nobody caught, or rejected that nobody
 * waited for. Nobody knows what state it is in then, and all that it acknowledged is on the disk.
 */
export function endOnFault(): void {
  process.on('uncaughtException', (error, origin) => {
    try {
      log.error('bus-mcp failed', error, { origin })
    } finally {
      process.exit(errorKinds.internal.exitCode)
    }
  })
}
