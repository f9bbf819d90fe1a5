import type { BusApiErrorBody } from '../../client/index.ts'
import { fillAdvice, writeCall } from '../../core/advice.ts'
import type { ErrorSpec } from '../../core/errors.ts'
import type { Command } from './command.ts'
import { quoteForPerson } from './quote.ts'

type Fields = Readonly<Record<string, unknown>>

/** A command that the bus refused. */
export interface RefusedCommand {
  readonly commands: readonly Command[]
  readonly command: Command
  /** As it was typed, by the operation's fields. */
  readonly typed: Fields
}

/** What to type next, a line each; none where the operation has nothing to say of the refusal. */
export function listNext(refusal: BusApiErrorBody, { commands, command, typed }: RefusedCommand): string[] {
  const errors: Readonly<Record<string, ErrorSpec>> = command.operation.errors
  const spec = refusal.code !== undefined && Object.hasOwn(errors, refusal.code) ? errors[refusal.code] : undefined
  // A name that was not typed is that of the person, and comes by itself the next time, too.
  const facts = [refusal, typed]
  return (spec?.next ?? []).map((advice, index) => {
    const line = fillAdvice(advice, writeCommand(command, typed), facts, (tool, args) => {
      const next = commands.find(({ operation }) => operation.tool?.name === tool)
      return next ? writeCommand(next, args) : writeCall(tool, args)
    })
    return `${index === 0 ? 'next' : '  or'}: ${line}`
  })
}

/** As in `bus-mcp claim feeds --wait-s 55`, with the marks: what stands behind them is not to be typed. */
function writeCommand({ spec, flags }: Command, fields: Fields): string {
  const positionals = spec.positionals.flatMap((name) => (fields[name] === undefined ? [] : [toWord(fields[name])]))
  const options = flags.flatMap(({ name, takes }) => {
    const value = fields[name.replaceAll('-', '_')]
    if (value === undefined || value === false) return []
    if (takes === undefined) return [`--${name}`]
    // What begins with a dash would be taken for a flag.
    return String(value).startsWith('-') ? [`--${name}=${toWord(value)}`] : [`--${name}`, toWord(value)]
  })
  const isDashed = positionals.some((word) => /^'?-/.test(word))
  const words = isDashed ? [...options, '--', ...positionals] : [...positionals, ...options]
  return `\`${['bus-mcp', spec.name, ...words].join(' ')}\``
}

function toWord(value: unknown): string {
  return quoteForPerson(String(value))
}
