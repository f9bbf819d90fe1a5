import { join } from 'node:path'
import { toClaudeArguments, toCodexArguments } from './own-commands.ts'
import { type Entry, field, SECRET, type Target, toEnvironment, toHeaders, toMcpUrl, toProcess } from './target.ts'

export type Scope = 'project' | 'user'

/** Where clients look. */
export interface Places {
  readonly home: string
  /** The folder of the project. */
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A question that VS Code asks its user. */
export interface Input {
  readonly id: string
  readonly [field: string]: string | boolean
}

export interface Client {
  readonly title: string
  readonly format: 'json' | 'toml'
  /** The object of the file that holds all servers. */
  readonly table: string
  /** The file of each scope that the client has. The first is the standard one. */
  readonly files: readonly (readonly [scope: Scope, toPath: (places: Places) => string])[]
  readonly toEntry: (target: Target) => Entry
  readonly toInputs?: (target: Target) => readonly Input[]
  /** The client's own command that does the same; undefined when none does all of it. */
  readonly toArguments?: (target: Target, scope: Scope) => readonly string[] | undefined
  /** How the secret, which the file only refers to, reaches the bus. */
  readonly secretSource: string
  /** What somebody who uses the client must know of the scope. */
  readonly hints?: { readonly [scope in Scope]?: string }
}

const VSCODE_INPUT = 'bus-write-secret'
const GEMINI_TRUST = 'Gemini CLI starts servers only in a folder that you trust.'

/** The clients whose configuration we know, each in the format of its own documentation. */
export const clients: Readonly<Record<string, Client>> = {
  claude: {
    title: 'Claude Code',
    format: 'json',
    table: 'mcpServers',
    files: [
      ['project', ({ folder }) => join(folder, '.mcp.json')],
      ['user', ({ home, env }) => join(env.CLAUDE_CONFIG_DIR || home, '.claude.json')],
    ],
    toEntry: (target) => toTypedEntry(target, `\${${SECRET}}`),
    toArguments: (target, scope) => toClaudeArguments(target, scope, `\${${SECRET}}`),
    secretSource: `Claude Code takes ${SECRET} from its own environment`,
    hints: { project: 'Claude Code asks once whether it may start the servers of a project.' },
  },
  codex: {
    title: 'Codex',
    format: 'toml',
    table: 'mcp_servers',
    files: [
      ['user', ({ home, env }) => join(env.CODEX_HOME || join(home, '.codex'), 'config.toml')],
      ['project', ({ folder }) => join(folder, '.codex', 'config.toml')],
    ],
    toEntry: toCodexEntry,
    toArguments: toCodexArguments,
    secretSource: `Codex passes ${SECRET} on from its own environment`,
    hints: { project: 'Codex reads this file only in a project that you trust.' },
  },
  cursor: {
    title: 'Cursor',
    format: 'json',
    table: 'mcpServers',
    files: [
      ['user', ({ home }) => join(home, '.cursor', 'mcp.json')],
      ['project', ({ folder }) => join(folder, '.cursor', 'mcp.json')],
    ],
    toEntry: (target) => {
      // Cursor tells the transport of a URL by itself.
      const { type, ...entry } = toTypedEntry(target, `\${env:${SECRET}}`)
      return target.isHttp || type === undefined ? entry : { type, ...entry }
    },
    secretSource: `Cursor takes ${SECRET} from its own environment`,
  },
  vscode: {
    title: 'VS Code',
    format: 'json',
    table: 'servers',
    files: [['project', ({ folder }) => join(folder, '.vscode', 'mcp.json')]],
    toEntry: (target) => toTypedEntry(target, `\${input:${VSCODE_INPUT}}`),
    toInputs: ({ hasSecret }) =>
      hasSecret
        ? [{ type: 'promptString', id: VSCODE_INPUT, description: `${SECRET} of the bus`, password: true }]
        : [],
    secretSource: `VS Code asks for ${SECRET} once`,
  },
  gemini: {
    title: 'Gemini CLI',
    format: 'json',
    table: 'mcpServers',
    files: [
      ['user', ({ home }) => join(home, '.gemini', 'settings.json')],
      ['project', ({ folder }) => join(folder, '.gemini', 'settings.json')],
    ],
    toEntry: (target) =>
      target.isHttp
        ? { httpUrl: toMcpUrl(target), ...field('headers', toHeaders(target, `$${SECRET}`)) }
        : { ...toProcess(target), ...field('env', toEnvironment(target, `$${SECRET}`)) },
    secretSource: `Gemini CLI takes ${SECRET} from its own environment`,
    hints: { user: GEMINI_TRUST, project: GEMINI_TRUST },
  },
}

function toTypedEntry(target: Target, secret: string): Entry {
  return target.isHttp
    ? { type: 'http', url: toMcpUrl(target), ...field('headers', toHeaders(target, secret)) }
    : { type: 'stdio', ...toProcess(target), ...field('env', toEnvironment(target, secret)) }
}

/** Codex expands nothing in a value; it has fields of their own for names of variables. */
function toCodexEntry(target: Target): Entry {
  const { isHttp, hasSecret } = target
  if (isHttp) {
    return {
      url: toMcpUrl(target),
      ...field('http_headers', toHeaders(target, undefined)),
      ...field('env_http_headers', hasSecret ? { 'X-Bus-Secret': SECRET } : {}),
    }
  }
  return {
    ...toProcess(target),
    ...(hasSecret ? { env_vars: [SECRET] } : {}),
    ...field('env', toEnvironment(target, undefined)),
  }
}
