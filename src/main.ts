#!/usr/bin/env node
import { nameSession, readProcess } from './config.ts'
import { type Flags, parseFlags, readMcp } from './flags.ts'
import { mcpSettings } from './settings.ts'
import { endOnFault, log, stopOnSignal, tellFailure, terminal } from './terminal.ts'

const { args, ...launch } = readProcess()

/** What has to be done before the process may end. */
let finish = async () => {}

endOnFault()

// A reader that went away (as in `bus-mcp read | head`) is no fault, and for a bus no reason to end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (args[0] === 'serve') return
  void finish().finally(() => process.exit(error.code === 'EPIPE' ? 0 : 70))
})

// Nor is one of the log: it goes on unread.
process.stderr.on('error', () => {})

run(args).catch(tellFailure)

/** Without a command it is the MCP server: one file, which loads nothing else. Everything else is behind an import. */
async function run([command, ...rest]: readonly string[]): Promise<void> {
  if (command === undefined) return serveTools({})
  if (command.startsWith('--') && command !== '--help' && command !== '--version') {
    return serveTools(parseFlags(mcpSettings, [command, ...rest]))
  }
  const { runCommandLine } = await import('./commands.ts')
  await runCommandLine(command, rest, launch)
}

async function serveTools(flags: Flags): Promise<void> {
  const config = readMcp(launch.env, flags)
  if (process.stdin.isTTY) {
    terminal.err('bus-mcp speaks MCP here and waits for a client; "bus-mcp help" lists what a person can type.')
  }
  const { startStdio } = await import('./stdio.ts')
  const server = startStdio(config, config.agentId ?? nameSession(), log)
  finish = server.close
  await Promise.race([server.ended, stopOnSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], server.close)])
  if (server.isUnread()) process.exit()
}
