import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { STANDARD_BASE_URL } from '../../../core/wire.ts'
import { toClaudeArguments, toCodexArguments, toShellLine } from './own-commands.ts'
import type { Target } from './target.ts'

const target: Target = {
  name: 'bus',
  programPath: '/opt/my bus/main.js',
  baseUrl: STANDARD_BASE_URL,
  isHttp: false,
  agentId: 'planner',
  hasSecret: false,
}
const reference = `\${BUS_WRITE_SECRET}`

describe('the line of Claude Code', () => {
  it('has its options before the name, and the program after --', () => {
    expect(toShellLine(toClaudeArguments(target, 'user', reference), 'linux')).toBe(
      'claude mcp add --scope user --env BUS_MCP_AGENT_ID=planner --transport stdio bus -- node "/opt/my bus/main.js"',
    )
  })

  it('refers to the secret in quotes that no shell opens', () => {
    expect(
      toShellLine(toClaudeArguments({ ...target, isHttp: true, hasSecret: true }, 'project', reference), 'linux'),
    ).toBe(
      'claude mcp add --scope project --transport http bus http://127.0.0.1:8100/mcp --header "X-Bus-Agent: planner"' +
        ` --header 'X-Bus-Secret: ${reference}'`,
    )
  })
})

describe('the line of Codex', () => {
  it('is there for what its command can do', () => {
    expect(toShellLine(toCodexArguments(target, 'user') ?? [], 'linux')).toBe(
      'codex mcp add bus --env BUS_MCP_AGENT_ID=planner -- node "/opt/my bus/main.js"',
    )
    const http = toCodexArguments({ ...target, isHttp: true, agentId: undefined }, 'user')
    expect(toShellLine(http ?? [], 'linux')).toBe('codex mcp add bus --url http://127.0.0.1:8100/mcp')
  })

  it.each([
    ['a project', target, 'project'],
    ['a secret', { ...target, hasSecret: true }, 'user'],
    ['a header', { ...target, isHttp: true }, 'user'],
  ])('is not there for %s', (_, asked, scope) => {
    expect(toCodexArguments(asked, scope)).toBeUndefined()
  })
})

describe.skipIf(process.platform === 'win32')('a line for a shell', () => {
  it('gives a shell the words that it was made of', () => {
    const words = ['a b', 'C:\\Users\\ada', '$HOME', "it's $5", '`id`', 'a"b', 'x!y', 'plain', '--flag=1', 'ü', '']
    const echoed = execFileSync('sh', ['-c', `for word in ${toShellLine(words)}; do printf '%s\\n' "$word"; done`])
    expect(echoed.toString().split('\n').slice(0, -1)).toEqual(words)
  })
})

describe('a line for PowerShell', () => {
  it('has everything that it takes for something else in quotes, in which it opens nothing', () => {
    const words = ['claude', '--env', 'A=b', 'C:\\Users\\ada', 'a b', "it's $5", reference, 'a,b', '@x', '--', '']
    expect(toShellLine(words, 'win32')).toBe(
      `claude --env A=b C:\\Users\\ada 'a b' 'it''s $5' '${reference}' 'a,b' '@x' '--' ''`,
    )
  })

  it.skipIf(process.platform !== 'win32')('gives PowerShell the words that it was made of', () => {
    const words = ['-p', 'process.argv.slice(1).join()', '--', 'a b', "it's $5", '`id`', '@x', '(1)', 'C:\\Users\\ada']
    const echoed = execFileSync('powershell', ['-NoProfile', '-Command', toShellLine(['node', ...words])])
    expect(echoed.toString().trim()).toBe(words.slice(3).join())
  })
})
