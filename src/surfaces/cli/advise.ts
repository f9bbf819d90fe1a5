import type { BusApiErrorBody } from '../../client/index.ts'
import { fillAdvice, writeCall } from '../../core/advice.ts'
import type { ErrorSpec } from '../../core/errors.ts'
import type { Command } from './command.ts'

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

/** As in `bus-mcp claim feeds --wait-s 55`. */
function writeCommand({ spec, flags }: Command, fields: Fields): string {
  const positionals = spec.positionals.flatMap((name) => (fields[name] === undefined ? [] : [quote(fields[name])]))
  const options = flags.flatMap(({ name, takes }) => {
    const value = fields[name.replaceAll('-', '_')]
    if (value === undefined || value === false) return []
    return takes === undefined ? [`--${name}`] : [`--${name}`, quote(value)]
  })
  return ['bus-mcp', spec.name, ...positionals, ...options].join(' ')
}

/** As every shell takes it: quoted only where it must be. */
function quote(value: unknown): string {
  const text = String(value)
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text)
}
