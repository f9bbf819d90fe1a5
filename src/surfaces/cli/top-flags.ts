import { describeConnectionFlags, type Flag, parseTextFlags, UsageError } from './command.ts'

export const topFlags: readonly Flag[] = [
  { name: 'every-s', takes: 'NUMBER', description: 'How often to look, in seconds, 0.2 to 3600. Standard: 2.' },
  {
    name: 'once',
    takes: undefined,
    description: 'Print it once, and end. So it is also where the output is no terminal.',
  },
]

interface ParsedTop {
  readonly everyMs: number
  readonly isOnce: boolean
  readonly connection: Readonly<Record<string, string | undefined>>
}

/** @throws {UsageError} */
export function parseTop(args: readonly string[], connectionFlags: readonly string[]): ParsedTop {
  const texts = args.filter((arg) => arg !== '--once')
  const { 'every-s': every = '2', ...connection } = parseTextFlags(texts, ['every-s', ...connectionFlags])
  const seconds = every.trim() === '' ? Number.NaN : Number(every)
  if (!(seconds >= 0.2 && seconds <= 3600))
    throw new UsageError('--every-s must be a number of seconds from 0.2 to 3600')
  return { everyMs: Math.round(seconds * 1000), isOnce: args.includes('--once'), connection }
}

/** The help text. */
export function describeTop(connectionFlags: readonly string[]): string {
  return [
    'Show the bus on one page, as it is now: what waits for you, who holds what, and what was said last. q or Ctrl-C ends it.',
    '',
    '  bus-mcp top [--every-s NUMBER] [--once]',
    '',
    ...topFlags.map(({ name, description }) => `  --${name.padEnd(7)}  ${description}`),
    '',
    describeConnectionFlags(connectionFlags),
    'Colours are left out where NO_COLOR is set.',
  ].join('\n')
}
