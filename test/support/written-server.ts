import { readFileSync } from 'node:fs'
import { parse as parseJsonc } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import { connectHttp, connectProcess, type Era, type Fields, type ToolClient, toFields } from './mcp.ts'

type Environment = Readonly<Record<string, string>>

/** How each client reads its own file: the object of servers, and what it puts in the place of a reference. */
const readers: Readonly<Record<string, { table: string; expand: (text: string, env: Environment) => string }>> = {
  claude: { table: 'mcpServers', expand: (text, env) => text.replace(/\$\{(\w+)\}/g, (_, name) => env[name] ?? '') },
  codex: { table: 'mcp_servers', expand: (text) => text },
  cursor: {
    table: 'mcpServers',
    expand: (text, env) => text.replace(/\$\{env:(\w+)\}/g, (_, name) => env[name] ?? ''),
  },
  // Its user types what it asks for.
  vscode: {
    table: 'servers',
    expand: (text, env) => text.replace(/\$\{input:bus-write-secret\}/g, env.BUS_WRITE_SECRET ?? ''),
  },
  gemini: { table: 'mcpServers', expand: (text, env) => text.replace(/\$(\w+)/g, (_, name) => env[name] ?? '') },
}

/** Connects to the server that a client's file names, as that client would, which runs in `env`. */
export function connectAsWritten(client: string, path: string, env: Environment = {}): Promise<ToolClient> {
  const era: Era = 'legacy'
  const { table, expand } = readers[client] ?? { table: '', expand: (text) => text }
  const text = readFileSync(path, 'utf8')
  const file: unknown = path.endsWith('.toml') ? parseToml(text) : parseJsonc(text)
  const server = toFields(toFields(toFields(file)[table]).bus)
  const expandAll = (fields: unknown) =>
    Object.fromEntries(
      Object.entries(toFields(fields ?? {})).map(([name, value]) => [name, expand(String(value), env)]),
    )

  const url = server.url ?? server.httpUrl
  if (url !== undefined) {
    const fromVariables = Object.entries(toFields(server.env_http_headers ?? {}))
    const passedOn = Object.fromEntries(fromVariables.map(([name, variable]) => [name, env[String(variable)] ?? '']))
    return connectHttp(era, String(url), { ...expandAll(server.headers ?? server.http_headers), ...passedOn })
  }
  const passedOn = Object.fromEntries(toList(server.env_vars).map((name) => [name, env[name] ?? '']))
  const environment = { ...expandAll(server.env), ...passedOn }
  return connectProcess(era, { command: String(server.command), args: toList(server.args), env: environment })
}

function toList(value: Fields[string]): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
