import { type Target, toEnvironment, toHeaders, toMcpUrl, toProcess } from './target.ts'

/** @param secret How Claude Code refers to the secret in a file, which its command writes down as it stands. */
export function toClaudeArguments(target: Target, scope: string, secret: string): readonly string[] {
  const begin = ['claude', 'mcp', 'add', '--scope', scope]
  if (target.isHttp) {
    const headers = Object.entries(toHeaders(target, secret)).flatMap(([name, value]) => [
      '--header',
      `${name}: ${value}`,
    ])
    return [...begin, '--transport', 'http', target.name, toMcpUrl(target), ...headers]
  }
  // Options before the name; and --env takes all that follows it, up to the next option.
  return [...begin, ...toEnvFlags(target, secret), '--transport', 'stdio', target.name, '--', ...toWords(target)]
}

/** Its command writes only the user's file, and knows neither headers nor variables that are passed on. */
export function toCodexArguments(target: Target, scope: string): readonly string[] | undefined {
  const { name, isHttp, agentId, hasSecret } = target
  if (scope !== 'user' || hasSecret || (isHttp && agentId !== undefined)) return undefined
  const begin = ['codex', 'mcp', 'add', name]
  if (isHttp) return [...begin, '--url', toMcpUrl(target)]
  return [...begin, ...toEnvFlags(target, undefined), '--', ...toWords(target)]
}

/** One line for a shell: that of the system, which is PowerShell on Windows. */
export function toShellLine(words: readonly string[], platform: NodeJS.Platform = process.platform): string {
  return words.map(platform === 'win32' ? quoteForPowerShell : quote).join(' ')
}

/** Also a comma, which makes a list there, and a bare `--`, which the scripts that npm makes would never see. */
function quoteForPowerShell(word: string): string {
  return /^[\w+=:./\\-]+$/.test(word) && word !== '--' ? word : `'${word.replaceAll("'", "''")}'`
}

/** In double quotes what has a space or a backslash; in single quotes what a shell would expand. */
function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return /["$`!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`
}

function toEnvFlags(target: Target, secret: string | undefined): readonly string[] {
  return Object.entries(toEnvironment(target, secret)).flatMap(([name, value]) => ['--env', `${name}=${value}`])
}

function toWords(target: Target): readonly string[] {
  const { command, args } = toProcess(target)
  return [command, ...args]
}
