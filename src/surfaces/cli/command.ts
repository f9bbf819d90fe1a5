import { parseArgs } from 'node:util'
import { toFieldProblems } from '../../core/capability.ts'
import { type JsonSchema, toJsonSchema } from '../../core/json-schema.ts'
import type { AnyOperation, CommandSpec } from '../../core/operation.ts'
import { createTextReaders } from '../../core/text-reader.ts'

/** A flag of a command, for help and for the reference. */
export interface Flag {
  readonly name: string
  readonly description: string
  /** What it takes, as in `NUMBER`; undefined for one that is on when it is there. */
  readonly takes: string | undefined
}

/** An operation as a command. */
export interface Command {
  readonly operation: AnyOperation
  readonly spec: CommandSpec
  /** As in `claim LANE`. */
  readonly synopsis: string
  /** As in `claim LANE [--lease-s NUMBER]`. */
  readonly usage: string
  readonly flags: readonly Flag[]
}

/** A mistake in what was typed. The message says which, and how it must be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface ParsedCommand {
  readonly input: Readonly<Record<string, unknown>>
  readonly json: boolean
  readonly help: boolean
  /** Values of the flags that are no field of the operation. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

export function createCommands(operations: readonly AnyOperation[]): readonly Command[] {
  return operations.flatMap((operation) => (operation.command ? [createCommand(operation, operation.command)] : []))
}

function createCommand(operation: AnyOperation, spec: CommandSpec): Command {
  const { properties = {}, required = [] } = toJsonSchema(operation.input, 'input')
  const flags = Object.entries(properties)
    .filter(([name]) => !spec.positionals.includes(name))
    .map(([name, schema]) => toFlag(name, schema))
  const positionals = spec.positionals.map((name) => (required.includes(name) ? toWord(name) : `[${toWord(name)}]`))
  const options = flags.map(({ name, takes }) => `[--${name}${takes === undefined ? '' : ` ${takes}`}]`)
  const synopsis = [spec.name, ...positionals].join(' ')
  return { operation, spec, synopsis, flags, usage: [synopsis, ...options].join(' ') }
}

/**
 * Reads what was typed after the command's name.
 *
 * @param sharedFlags Flags that every command takes, each with a value.
 * @param readInput Reads standard input, for a field given as `-`.
 * @throws {UsageError}
 */
export async function parseCommand(
  command: Command,
  args: readonly string[],
  sharedFlags: readonly string[],
  readInput: () => Promise<string>,
): Promise<ParsedCommand> {
  const { operation, spec, flags } = command
  const { values, positionals } = parse(command, args, sharedFlags)
  if (positionals.length > spec.positionals.length) {
    throw new UsageError(`too many arguments: ${positionals.slice(spec.positionals.length).join(' ')}`)
  }
  const readers = createTextReaders(operation.input)
  const given: [string, string | boolean][] = spec.positionals
    .slice(0, positionals.length)
    .map((name, index) => [name, positionals[index] ?? ''])
  for (const { name } of flags) {
    const value = values[name]
    if (value !== undefined) given.push([name.replaceAll('-', '_'), value])
  }
  const input: Record<string, unknown> = {}
  for (const [name, value] of given) {
    // What a shell pipes ends its last line; the text itself does not.
    const text = value === '-' ? (await readInput()).replace(/\r?\n$/, '') : value
    input[name] = typeof text === 'string' ? readers[name]?.(text) : text
  }
  const shared = sharedFlags.map((name) => [name, values[name]])
  return {
    input,
    json: values.json === true,
    help: values.help === true,
    flags: Object.fromEntries(shared) as Record<string, string | undefined>, // Declared as strings in `parse`.
  }
}

/** Checks the input before it is sent, so that a mistake is told in the words of the command line. */
export function checkInput({ operation, spec }: Command, input: Readonly<Record<string, unknown>>): void {
  const parsed = operation.input.safeParse(input)
  if (parsed.success) return
  const problems = toFieldProblems(parsed.error).map(({ path, message }) => {
    const place = spec.positionals.includes(path) ? toWord(path) : `--${toFlagName(path)}`
    return message.startsWith(path) ? `${place}${message.slice(path.length)}` : `${place}: ${message}`
  })
  throw new UsageError(problems.join('; '))
}

function parse({ flags }: Command, args: readonly string[], sharedFlags: readonly string[]) {
  const known = [...flags.map(({ name }) => name), ...sharedFlags, 'json', 'help']
  const own = flags.map(({ name, takes }) => [name, { type: takes === undefined ? 'boolean' : 'string' }])
  const shared = sharedFlags.map((name) => [name, { type: 'string' }])
  try {
    const { off, rest } = takeSwitchesOff(flags, args)
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        ...Object.fromEntries([...own, ...shared]),
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      } as Record<string, { type: 'string' | 'boolean'; short?: string }>, // fromEntries forgets the literal types.
    })
    return { values: { ...values, ...off }, positionals }
  } catch (error) {
    throw new UsageError(describeFlagError(error, known))
  }
}

/** Takes `--NAME=false` out, which parseArgs knows only as --no-NAME, and not in every Node that we run on. */
function takeSwitchesOff(flags: readonly Flag[], args: readonly string[]) {
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const typed = args.slice(0, end)
  const off = flags.filter(({ name, takes }) => takes === undefined && typed.includes(`--${name}=false`))
  const words = new Set(off.map(({ name }) => `--${name}=false`))
  return {
    off: Object.fromEntries(off.map(({ name }) => [name, false])),
    rest: [...typed.filter((arg) => !words.has(arg)), ...args.slice(end)],
  }
}

/** The line of a help text that tells how to reach the bus. */
export function describeConnectionFlags(names: readonly string[]): string {
  return `Also ${names.map((name) => `--${name}`).join(', ')}: see "bus-mcp doctor --help".`
}

/** Reads flags that each take a text. @throws {UsageError} */
export function parseTextFlags(
  args: readonly string[],
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  try {
    return { ...parseArgs({ args: [...args], options }).values }
  } catch (error) {
    throw new UsageError(describeFlagError(error, names))
  }
}

/** What was wrong with the flags, in one line, from what `parseArgs` threw. */
export function describeFlagError(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error)
  const isUnknown = error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
  if (!isUnknown) return message.replaceAll('\n', ' ')
  const flags = known.map((name) => `--${name}`).join(', ')
  const [unknown, ...advice] = message.split('. ')
  // Node's own advice is about a dash in a text, and is there only when the command takes texts.
  const dash = advice.length === 0 ? '' : ' (a text that begins with a dash goes last, after " -- ")'
  return `${unknown}; known: ${flags}${dash}`
}

function toFlag(name: string, schema: JsonSchema): Flag {
  return { name: toFlagName(name), description: schema.description ?? '', takes: describeValue(schema) }
}

function describeValue({ type, enum: choices }: JsonSchema): string | undefined {
  if (choices) return choices.join('|')
  switch (type) {
    case 'boolean':
      return undefined
    case 'integer':
    case 'number':
      return 'NUMBER'
    default:
      return 'TEXT'
  }
}

function toFlagName(field: string): string {
  return field.replaceAll('_', '-')
}

function toWord(field: string): string {
  return field.toUpperCase()
}
