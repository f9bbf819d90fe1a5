import { BusApiError, type BusClient, BusUnreachable, isOutcomeUnknown } from '../../client/index.ts'
import { isAnswer, noAnswer, toAnswerShape } from '../../core/answer-shape.ts'
import { findHint } from '../../core/hint.ts'
import type { AnyOperation } from '../../core/operation.ts'
import { listNext, type RefusedCommand } from './advise.ts'
import {
  type Command,
  checkInput,
  createCommands,
  describeConnectionFlags,
  parseCommand,
  UsageError,
} from './command.ts'
import { toExitCode } from './exit-code.ts'
import { renderAnswer, toPlainText } from './render.ts'

type Fields = Readonly<Record<string, unknown>>

export interface Terminal {
  /** One line or more, without the last end of line. */
  out(text: string): void
  err(text: string): void
  /** All of standard input. */
  readInput(): Promise<string>
}

export interface CliOptions {
  readonly operations: readonly AnyOperation[]
  readonly terminal: Terminal
  /** Flags that say how to reach the bus. */
  readonly connectionFlags: readonly string[]
  /** Reads them. */
  readonly connect: (flags: Readonly<Record<string, string | undefined>>) => Connection
}

export interface Connection {
  readonly client: BusClient
  /** Who acts when the command line does not say. */
  readonly agentId: string
  /** Undefined when this process is nobody's in particular. */
  readonly session: string | undefined
}

/**
 * Runs the command of an operation.
 *
 * @returns The exit status; undefined when there is no such command.
 */
export async function runCommand(
  options: CliOptions,
  name: string,
  args: readonly string[],
): Promise<number | undefined> {
  const commands = createCommands(options.operations)
  const command = commands.find(({ spec }) => spec.name === name)
  if (!command) return undefined
  const { terminal } = options
  // As far as can be told of what cannot be read.
  let wantsJson = args.includes('--json')
  let typed: Fields = {}
  try {
    const { input, json, help, flags } = await parseCommand(command, args, options.connectionFlags, terminal.readInput)
    wantsJson = json
    if (help) {
      terminal.out(describeCommand(command, options.connectionFlags))
      return 0
    }
    typed = input
    return await carryOut(options, command, { input, flags, wantsJson })
  } catch (error) {
    if (wantsJson) terminal.out(JSON.stringify({ ok: false, error: describeError(error) }))
    else terminal.err(`bus-mcp ${name}: ${toPlainText(explainError(error, { commands, command, typed }))}`)
    return toExitCode(error, command.operation)
  }
}

interface Typed {
  readonly input: Fields
  /** How to reach the bus. */
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly wantsJson: boolean
}

/** @returns The exit status. */
async function carryOut(
  { terminal, connect }: CliOptions,
  command: Command,
  { input, flags, wantsJson }: Typed,
): Promise<number> {
  const { operation } = command
  const { client, agentId, session } = connect(flags)
  const complete = {
    ...(operation.actor === undefined ? {} : { [operation.actor]: agentId }),
    ...(operation.session === undefined ? {} : { [operation.session]: session }),
    ...input,
  }
  checkInput(command, complete)
  const answer = await client.call(operation.id, complete)
  if (!isAnswer(toAnswerShape(operation), answer)) throw new BusApiError(200, noAnswer)
  terminal.out(wantsJson ? JSON.stringify(answer) : renderAnswer(answer))
  const { answersWith } = command.spec
  // A script that asks a question reads the status, not the text.
  return answersWith === undefined || answer[answersWith] === true ? 0 : 1
}

/** The help text of one command. */
export function describeCommand({ operation, usage, flags }: Command, connectionFlags: readonly string[]): string {
  const width = Math.max(0, ...flags.map(({ name }) => name.length))
  const lines = flags.map(({ name, description }) => `  --${name.padEnd(width)}  ${description}`)
  return [
    `${operation.summary}.`,
    '',
    `  bus-mcp ${usage} [--json]`,
    ...(lines.length > 0 ? ['', ...lines] : []),
    '',
    describeConnectionFlags(connectionFlags),
  ].join('\n')
}

function explainError(error: unknown, call: RefusedCommand): string {
  if (error instanceof UsageError) return `${error.message}\nusage: bus-mcp ${call.command.usage}`
  if (isOutcomeUnknown(error)) {
    return `${describe(error)}\nIt may have been carried out: look before you repeat it.`
  }
  if (error instanceof BusUnreachable) {
    return `${error.message}\nStart a bus with "bus-mcp serve"; "bus-mcp doctor" tells more.`
  }
  if (error instanceof BusApiError) {
    const hint = findHint(error.statusCode, error.body.code)
    // A field's problem says all there is to say.
    if (error.body.errors) return error.message
    return [error.message, ...(hint === undefined ? listNext(error.body, call) : [hint])].join('\n')
  }
  return describe(error)
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof BusApiError) {
    const own = { type: 'bus_api_error', status_code: error.statusCode }
    // Ours come first for the reader, and again last, for what answered may be no bus and name its fields alike.
    return { ...own, ...error.body, ...own }
  }
  if (error instanceof BusUnreachable) {
    return { type: 'bus_unreachable', message: error.message, outcome_unknown: error.outcomeUnknown }
  }
  return { type: error instanceof UsageError ? 'invalid_arguments' : 'internal', message: describe(error) }
}
