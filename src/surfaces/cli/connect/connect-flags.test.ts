import { describe, expect, it } from 'vitest'
import { clientNames, connectFlags, describeConnect, parseConnect } from './connect-flags.ts'

describe('bus-mcp connect', () => {
  it('takes the first scope of the client, the name bus, and writes nothing, unless it is told', () => {
    expect(parseConnect(['codex'])).toMatchObject({
      client: { title: 'Codex' },
      scope: 'user',
      name: 'bus',
      isHttp: false,
      mayWrite: false,
      agentId: undefined,
      connection: {},
    })
    const flags = ['--http', '--write', '--scope=project', '--name', 'team_bus', '--agent-id', 'A B', '--base-url', 'u']
    expect(parseConnect([...flags, 'codex'])).toMatchObject({
      scope: 'project',
      name: 'team_bus',
      isHttp: true,
      mayWrite: true,
      agentId: 'A B',
      connection: { 'base-url': 'u' },
    })
  })

  it.each([
    ['no client', [], 'name one client: claude, codex,'],
    ['two clients', ['claude', 'codex'], 'name one client'],
    ['an unknown client', ['emacs'], 'name one client'],
    ['what every object has', ['constructor'], 'name one client'],
    ['a scope that the client has not', ['vscode', '--scope', 'user'], '--scope must be project for VS Code'],
    ['a scope that there is not', ['claude', '--scope', 'local'], '--scope must be project or user for Claude Code'],
    ['a name that is none', ['claude', '--name', 'a b'], '--name must be 1 to 64 of'],
    ['a name that is an object’s own', ['claude', '--name', '__proto__'], '--name must be 1 to 64 of'],
    ['an agent that a client would expand', ['gemini', '--agent-id', '$USER'], '--agent-id must be without $'],
    [
      'an agent that no header can carry',
      ['claude', '--http', '--agent-id', 'Zoë'],
      '--agent-id must be printable ASCII',
    ],
    ['an unknown flag', ['claude', '--secret', 'x'], "Unknown option '--secret'; known: --write, --http,"],
  ])('is told what is wrong with %s', (_, args, message) => {
    expect(() => parseConnect(args)).toThrow(message)
  })

  it('tells of every client and every flag', () => {
    for (const name of clientNames) expect(describeConnect()).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
    for (const { name } of connectFlags) expect(describeConnect()).toMatch(new RegExp(`^  --${name} +\\S`, 'm'))
  })
})
