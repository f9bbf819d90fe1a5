import { setTimeout as sleep } from 'node:timers/promises'
import type { BusClient } from '../../../client/index.ts'
import type { AnyOperation } from '../../../core/operation.ts'
import type { Terminal } from '../cli.ts'
import { UsageError } from '../command.ts'
import { type HookName, parseEvent } from './event.ts'
import type { HookAnswer } from './hook.ts'
import { checkTool } from './pre-tool-use.ts'
import { endSession } from './session-end.ts'
import { startSession } from './session-start.ts'

export { describeHook, hookFlags, hookNames, parseHook } from './hook-flags.ts'

export interface HookOptions {
  readonly name: HookName
  readonly client: BusClient
  readonly baseUrl: string
  readonly agentId: string | undefined
  readonly session: string | undefined
  readonly limitSeconds: number
  readonly operations: readonly AnyOperation[]
  readonly terminal: Terminal
}

/**
 * Answers one hook of Claude Code, within its time, whatever the bus does.
 *
 * @returns The exit status. A refusal is a 0 with its reason in the JSON: of any other Claude Code reads no JSON.
 * @throws {UsageError} For what is no event of this hook.
 */
export async function runHook(options: HookOptions): Promise<number> {
  const { name, limitSeconds, terminal } = options
  const signal = AbortSignal.timeout(limitSeconds * 1000)
  const context = { ...options, signal, event: parseEvent(name, await readInput(terminal, limitSeconds)) }
  switch (name) {
    case 'session-start':
      return print(await startSession(context), terminal)
    case 'pre-tool-use':
      return print(await checkTool(context), terminal)
    case 'session-end': {
      const { exitCode, problems } = await endSession(context)
      for (const problem of problems) terminal.err(problem)
      return exitCode
    }
  }
}

function print(answer: HookAnswer | undefined, terminal: Terminal): number {
  if (answer) terminal.out(JSON.stringify(answer))
  return 0
}

async function readInput({ readInput: read }: Terminal, limitSeconds: number): Promise<string> {
  const late = new AbortController()
  try {
    const text = await Promise.race([read(), sleep(limitSeconds * 1000, undefined, { signal: late.signal })])
    if (text === undefined) throw new UsageError('no hook of Claude Code came on standard input')
    return text
  } finally {
    late.abort()
  }
}
