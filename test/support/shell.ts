import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createTempFolder } from './bus.ts'
import { cleanEnvironment, collect, MAIN, type Run } from './process.ts'

/** Runs a line as it stands in a guide: by the shell, which knows `bus-mcp`. */
export async function runInShell(line: string, env: Readonly<Record<string, string>>, input = ''): Promise<Run> {
  const path = `${linkProgram()}${delimiter}${process.env.PATH}`
  const child = spawn(line, { shell: true, env: cleanEnvironment({ ...env, PATH: path, Path: path }) })
  child.stdin.end(input)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [exitCode] = await once(child, 'close')
  return { exitCode, stdout: stdout(), stderr: stderr() }
}

/** A folder with `bus-mcp` in it, as `npm link` makes one. */
function linkProgram(): string {
  const folder = createTempFolder()
  writeFileSync(join(folder, 'bus-mcp'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`)
  writeFileSync(join(folder, 'bus-mcp.cmd'), `@"${process.execPath}" "${MAIN}" %*\r\n`)
  chmodSync(join(folder, 'bus-mcp'), 0o755)
  return folder
}
