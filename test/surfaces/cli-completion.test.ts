import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listCompletedCommands } from '../../src/completion.ts'
import { renderCompletion, shellNames } from '../../src/surfaces/cli/completion/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { runMain } from '../support/process.ts'

const commands = listCompletedCommands()
const names = commands.map(({ name }) => name)
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0

/** What is typed, up to the word that is completed, which comes last; and what is offered. */
const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [[''], names],
  [['cl'], ['claim']],
  [['he'], ['help', 'heartbeat']],
  [['claim', 'feeds', '--o'], ['--owner']],
  [['serve', '--p'], ['--port']],
  [
    ['connect', 'c'],
    ['claude', 'codex', 'cursor'],
  ],
  [
    ['connect', 'codex', '--scope', ''],
    ['project', 'user'],
  ],
  [['run', '--lane', 'feeds', '--on-lost', 'w'], ['warn']],
  [
    ['lanes', '--state', ''],
    ['free', 'held', 'orphaned'],
  ],
  [['completion', 'p'], ['powershell']],
  [['help', 'ru'], ['run']],
  // A value that only the person knows, another program's words, and no command.
  [['claim', '--owner', 'c'], []],
  [['run', '--lane', 'feeds', '--', '--w'], []],
  [['claimm', '-'], []],
]
const rows = cases.map(([words, offered]) => ({ typed: ['bus-mcp', ...words].join(' '), words, offered }))

describe('bus-mcp completion', () => {
  it.each(shellNames)('prints the script for %s, and nothing else', async (shell) => {
    const expected = { exitCode: 0, stdout: `${renderCompletion([shell], commands)}\n`, stderr: '' }
    expect(await runMain(['completion', shell])).toEqual(expected)
  })

  it.each([[[]], [['csh']], [['toString']], [['bash', 'zsh']]])('ends with 2 after %j', async (args) => {
    expect(await runMain(['completion', ...args])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'bus-mcp completion: name one shell: bash, zsh, fish, powershell\n',
    })
  })

  it('knows every command that help lists, and every flag that the command itself tells of', async () => {
    const { stdout } = await runMain(['help'])
    const listed = [...stdout.matchAll(/^ {2}bus-mcp ([a-z]\S*)/gm)].map(([, name]) => name)
    expect(names).toEqual(listed)
    const withHelp = commands.filter(({ flags }) => flags.some(({ name }) => name === 'help'))
    expect(names.filter((name) => !withHelp.some((command) => command.name === name))).toEqual([
      'tools',
      'version',
      'help',
    ])
    await Promise.all(
      withHelp.map(async ({ name, flags }) => {
        const help = (await runMain([name, '--help'])).stdout
        const told = [...help.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag)
        const completed = flags.map((flag) => flag.name)
        expect({ name, missing: told.filter((flag) => !completed.includes(flag ?? '')) }).toEqual({ name, missing: [] })
        const untold = completed.filter((flag) => flag !== 'help' && !help.includes(`--${flag}`))
        expect({ name, untold }).toEqual({ name, untold: [] })
      }),
    )
  })
})

// On Windows it may be the one that starts Linux.
describe.skipIf(process.platform === 'win32' || !has('bash'))('bash', () => {
  it.each(rows)('offers after "$typed" what fits', ({ words, offered }) => {
    const script = `${renderCompletion(['bash'], commands)}
COMP_WORDS=(bus-mcp "$@")
COMP_CWORD=$#
_bus_mcp
printf '%s\\n' "\${COMPREPLY[@]}"`
    expect(toLines(execFileSync('bash', ['-c', script, 'bash', ...words]))).toEqual(offered)
  })
})

describe.skipIf(!has('zsh'))('zsh', () => {
  it.each(rows)('offers after "$typed" what fits', ({ words, offered }) => {
    // Completion itself needs a terminal: its own functions, which print what they are handed, and the words that it sets.
    const script = `compdef() { }
_files() { }
_describe() { local name=$@[-1]; print -l -- \${(P)name%%:*} }
${renderCompletion(['zsh'], commands)}
words=(bus-mcp "$@")
CURRENT=$#words
PREFIX=$words[-1]
_bus_mcp`
    const lines = toLines(execFileSync('zsh', ['-f', '-c', script, 'zsh', ...words]))
    // It is zsh that leaves out what does not begin as typed.
    expect(lines.filter((line) => line.startsWith(words.at(-1) ?? ''))).toEqual(offered)
  })
})

describe.skipIf(!has('fish'))('fish', () => {
  it.each(rows)('offers after "$typed" what fits', ({ typed, offered }) => {
    const folder = createTempFolder()
    const script = join(folder, 'completion.fish')
    writeFileSync(script, renderCompletion(['fish'], commands))
    const command = 'source $argv[1]; cd $argv[2]; complete -C $argv[3]'
    const output = execFileSync('fish', ['--no-config', '-c', command, script, createTempFolder(), typed])
    const lines = toLines(output).map((line) => line.split('\t')[0])
    expect(new Set(lines)).toEqual(new Set(offered))
  })
})

describe('PowerShell', () => {
  const script = renderCompletion(['powershell'], commands)

  it('is handed every command and flag in quotes, and no bracket or quote is left open', () => {
    expect(findOpen(script)).toEqual([])
    for (const { name, flags } of commands) {
      expect(script).toContain(`'${name}' { @(${flags.map((flag) => `'--${flag.name}'`).join(', ')}) }`)
    }
    expect(script).toContain(`'connect 2' { @('claude', 'codex', 'cursor', 'vscode', 'gemini') }`)
  })

  it.each(['{ ( }', "@('a)", '{ "$a }', ']'])('would be caught when it were broken: %s', (broken) => {
    expect(findOpen(broken)).not.toEqual([])
  })

  it.skipIf(!has('pwsh')).each(rows)('offers after "$typed" what fits', ({ typed, offered }) => {
    const command = `${script}
[System.Management.Automation.CommandCompletion]::CompleteInput('${typed}', ${typed.length}, $null).CompletionMatches.CompletionText`
    const lines = toLines(execFileSync('pwsh', ['-NoProfile', '-Command', command]))
    expect(lines.filter((line) => names.includes(line) || offered.includes(line))).toEqual(offered)
  })
})

/** The brackets and quotes of a script without comments that are not closed, or that close nothing. */
function findOpen(script: string): string[] {
  const code = script.replace(/^\s*#.*$/gm, '').replace(/'[^'\n]*'|"[^"\n]*"/g, '')
  const open: string[] = [...(/['"]/.exec(code) ?? [])]
  const pairs = new Map([
    [')', '('],
    ['}', '{'],
    [']', '['],
  ])
  for (const [mark] of code.matchAll(/[(){}[\]]/g)) {
    const opening = pairs.get(mark)
    if (opening === undefined) open.push(mark)
    else if (open.pop() !== opening) return [mark]
  }
  return open
}

function toLines(output: Buffer): string[] {
  return output.toString().split(/\r?\n/).filter(Boolean)
}
