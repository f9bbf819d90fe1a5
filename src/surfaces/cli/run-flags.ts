import { describeConnectionFlags, type Flag, parseTextFlags, UsageError } from './command.ts'
import { parseDuration, type RunOptions } from './run.ts'

export const runFlags: readonly Flag[] = [
  { name: 'lane', takes: 'LANE', description: 'The lane to hold.' },
  {
    name: 'wait',
    takes: 'TIME',
    description: 'How long to wait for it in the queue, as in 60s or 5m. Standard: 0, refused at once.',
  },
  { name: 'lease', takes: 'TIME', description: 'The lease, renewed at a third of it. Standard: 60s.' },
  {
    name: 'on-lost',
    takes: 'kill|warn',
    description: 'What becomes of the command when the lane is lost: kill or warn. Standard: kill.',
  },
]

interface ParsedRun extends Pick<RunOptions, 'lane' | 'waitSeconds' | 'leaseSeconds' | 'onLost'> {
  readonly connection: Readonly<Record<string, string | undefined>>
}

/**
 * Where the command begins: behind the first `--`, or with the first word that is no flag and no flag's value. For in
 * PowerShell the scripts that npm makes (`npm.ps1`, `bus-mcp.ps1`) never see the first `--`.
 */
export function splitCommand(words: readonly string[]): {
  readonly flags: readonly string[]
  readonly command: readonly string[]
} {
  let end = 0
  for (let word = words[end]; word !== undefined && word !== '--' && word.startsWith('-'); word = words[end]) {
    // Each flag takes a value, and help is printed whatever comes after it.
    const takesNext = word.startsWith('--') && !word.includes('=') && words[end + 1] !== '--'
    end += takesNext ? 2 : 1
  }
  return { flags: words.slice(0, end), command: words.slice(words[end] === '--' ? end + 1 : end) }
}

/** @throws {UsageError} */
export function parseRun(args: readonly string[], connectionFlags: readonly string[]): ParsedRun {
  const names = [...runFlags.map(({ name }) => name), ...connectionFlags]
  const { lane, wait, lease, 'on-lost': onLost = 'kill', ...connection } = parseTextFlags(args, names)
  if (lane === undefined) throw new UsageError('--lane is required, as in: bus-mcp run --lane deploy -- npm test')
  if (onLost !== 'kill' && onLost !== 'warn') throw new UsageError('--on-lost must be kill or warn')
  const leaseSeconds = parseDuration(lease ?? '60s')
  if (leaseSeconds < 3) throw new UsageError('--lease must be at least 3s, for it is renewed at a third of it')
  return { lane, onLost, leaseSeconds, waitSeconds: parseDuration(wait ?? '0'), connection }
}

/** The help text. */
export function describeRun(connectionFlags: readonly string[]): string {
  return [
    'Run a command while holding a lane, and release it at the end.',
    '',
    '  bus-mcp run --lane LANE [--wait TIME] [--lease TIME] [--on-lost kill|warn] -- COMMAND …',
    '',
    ...runFlags.map(({ name, description }) => `  --${name.padEnd(7)}  ${description}`),
    '',
    describeConnectionFlags(connectionFlags),
    'The " -- " may be left out, as PowerShell does by itself with what npm installed: the command begins with the first word that is no flag.',
    'The command finds BUS_LANE and BUS_FENCE in its environment. The exit status is its own; 75 when the lane could not be had.',
  ].join('\n')
}
