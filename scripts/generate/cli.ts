import { toJsonSchema } from '../../src/core/json-schema.ts'
import type { AnyOperation } from '../../src/core/operation.ts'
import { busSettings, clientSettings, mcpSettings, type Setting } from '../../src/settings.ts'
import { type Command, createCommands } from '../../src/surfaces/cli/command.ts'
import { clients } from '../../src/surfaces/cli/connect/clients.ts'
import { connectFlags } from '../../src/surfaces/cli/connect/connect-flags.ts'
import { exitCodes } from '../../src/surfaces/cli/exit-code.ts'
import { programCommands } from '../../src/surfaces/cli/help.ts'
import { type InputField, listInputFields, toInputCells } from './fields.ts'
import { block, code, codes, list, page, table, toSentence } from './markdown.ts'

/** docs/reference/cli.md */
export function renderCli(operations: readonly AnyOperation[]): string {
  const commands = createCommands(operations)
  return page('The command line', [
    table(
      ['Command', 'What it does'],
      [
        ...programCommands.map(({ usage, summary }) => [code(`bus-mcp ${usage}`.trimEnd()), summary]),
        ...commands.map(({ spec, synopsis, operation }) => [
          `[${code(`bus-mcp ${synopsis}`)}](#${spec.name})`,
          operation.summary,
        ]),
      ],
    ),
    list([
      `${code('bus-mcp serve')} takes ${flagsOf(busSettings)}.`,
      `${code('bus-mcp doctor')} and every command below take ${flagsOf(clientSettings)}; ${code('bus-mcp')} without a command takes ${flagsOf(mcpSettings)}.`,
      'What they mean, and the variables that do the same: [config.md](config.md).',
    ]),
    '## `bus-mcp connect`',
    'Prints what a client needs to be on the bus, or writes it into its file, the first one unless `--scope` says otherwise. All else in the file stays as it is, and a copy of the former file is kept beside it. The secret is never written: the file refers to `BUS_WRITE_SECRET`.',
    table(
      ['Client', 'Scope', 'File'],
      Object.entries(clients).flatMap(([name, { title, files }]) =>
        files.map(([scope, toPath]) => [
          `${title}: ${code(name)}`,
          code(scope),
          code(toPath({ home: '~', folder: '.', env: {} }).replaceAll('\\', '/')),
        ]),
      ),
    ),
    table(
      ['Flag', 'Meaning'],
      connectFlags.map(({ name, description }) => [code(`--${name}`), description]),
    ),
    '## Commands against the bus that runs',
    list([
      'They print for people; with `--json` the answer of [the route](http.md) on one line, or `{"ok": false, "error": {"type", …}}` with the types of [tools.md](tools.md#when-it-fails).',
      '`--help` tells about one command.',
      'A `-` in place of a value reads it from standard input, as in `bus-mcp post converge - < notes.md`.',
      'A value that begins with a dash goes last, after ` -- `.',
    ]),
    ...commands.flatMap(renderCommand),
    '## Exit statuses',
    table(
      ['Status', 'Meaning'],
      Object.entries(exitCodes).map(([status, meaning]) => [status, toCapital(toSentence(meaning))]),
    ),
  ])
}

function flagsOf(settings: Readonly<Record<string, Setting>>): string {
  return codes(Object.values(settings).flatMap(({ flag }) => (flag === undefined ? [] : [`--${flag}`])))
}

function renderCommand(command: Command): string[] {
  const { operation, spec, usage } = command
  const fields = listInputFields(toJsonSchema(operation.input, 'input'))
  const byPosition = spec.positionals.flatMap((name) => fields.filter((field) => field.name === name))
  const byFlag = fields.filter(({ name }) => !spec.positionals.includes(name))
  return [
    `### ${spec.name}`,
    toSentence(operation.summary),
    block('', `bus-mcp ${usage}`),
    table(
      ['Argument', 'Type', 'Required', 'Default', 'Meaning'],
      [...byPosition, ...byFlag].map((field) => toArgumentRow(command, field)),
    ),
  ]
}

function toArgumentRow({ operation, flags }: Command, field: InputField): string[] {
  const flag = flags.find(({ name }) => name === field.name.replaceAll('_', '-'))
  const [type = '', required = '', standard = '', description = ''] = toInputCells(field)
  if (!flag) return [code(field.name.toUpperCase()), type, required, standard, description]
  if (field.name === operation.actor) {
    return [code(`--${flag.name}`), type, 'no', code(`--${clientSettings.agentId.flag}`), description]
  }
  return [code(`--${flag.name}`), flag.takes === undefined ? 'switch' : type, required, standard, description]
}

function toCapital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
