import { busSettings, clientSettings, type Setting, toolSettings } from '../../src/settings.ts'
import { code, list, page, table } from './markdown.ts'

/** docs/reference/config.md */
export function renderConfig(): string {
  return page('Settings', [
    list([
      'A flag wins over its variable. What is empty counts as not set.',
      'A secret has no flag: every user of a machine can read the command lines of its processes.',
      'There is no configuration file. What `.bus.json` says is of a repository, and for the [hooks](../guide/hooks.md) only.',
    ]),
    '## The bus: `bus-mcp serve`',
    'A value that cannot be used ends the start with exit status 2 and one line that says how it must be.',
    settingTable(busSettings),
    '## Whatever talks to a bus: the MCP server, `bus-mcp doctor`, every command',
    'A value that cannot be used is told on standard error, and the default holds: an MCP server that ends at its start could tell its agent nothing.',
    settingTable(clientSettings),
    '## The tools of an MCP server: `bus-mcp` without a command, and `/mcp` of a bus',
    'The bus takes the variables, not the flags. What they choose among: [tools.md](tools.md).',
    settingTable(toolSettings),
  ])
}

function settingTable(settings: Readonly<Record<string, Setting>>): string {
  const rows = Object.values(settings).map(({ env, flag, isSwitch, standard, summary }) => [
    env === undefined ? 'none' : code(env),
    flag === undefined ? 'none' : code(`--${flag}`) + (isSwitch ? ', without a value' : ''),
    standard,
    summary,
  ])
  return table(['Variable', 'Flag', 'Default', 'Meaning'], rows)
}
