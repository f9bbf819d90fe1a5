import type { PromptSpec } from '../../src/core/capability.ts'
import { errorKinds } from '../../src/core/errors.ts'
import { toJsonSchema } from '../../src/core/json-schema.ts'
import type { AnyOperation } from '../../src/core/operation.ts'
import { toolsetOf } from '../../src/surfaces/mcp/selection.ts'
import { createTools, type Tool } from '../../src/surfaces/mcp/tools.ts'
import { answerTable, describeCarried, listInputFields, nameOfAnswer, toInputCells } from './fields.ts'
import { anchor, code, page, table } from './markdown.ts'
import { renderToolErrors } from './tool-errors.ts'

/** docs/reference/tools.md */
export function renderTools(
  operations: readonly AnyOperation[],
  prompts: readonly PromptSpec[],
  instructions: string,
): string {
  const tools = createTools(operations, true)
  return page('The MCP tools', [
    'The same over standard input and output (`bus-mcp`) and over Streamable HTTP (`/mcp` of a bus).',
    table(
      ['Tool', 'Toolset', 'Title', '`readOnlyHint`', '`destructiveHint`', '`idempotentHint`'],
      tools.map(({ spec, annotations }) => [
        `[${code(spec.name)}](${anchor(spec.name)})`,
        code(toolsetOf(spec)),
        spec.title,
        sayYes(annotations.readOnlyHint),
        sayYes(annotations.destructiveHint),
        sayYes(annotations.idempotentHint),
      ]),
    ),
    tools.every(({ annotations }) => !annotations.openWorldHint)
      ? '`openWorldHint` is false for all: they reach nothing but the bus.'
      : '',
    '## Which tools are offered',
    'Those of the toolset `core`, unless the settings say otherwise: `BUS_MCP_TOOLSETS` names toolsets (`all` is every one), `BUS_MCP_TOOLS` single tools, `BUS_MCP_EXCLUDE_TOOLS` leaves tools out, and `BUS_MCP_READ_ONLY` all that change anything; the last two win, and the last over everything. At `/mcp` a caller narrows what the bus offers with the headers `X-Bus-Toolsets`, `X-Bus-Tools`, `X-Bus-Exclude-Tools` and `X-Bus-Read-Only`. A tool that is not offered is not listed, and refused when it is called; the instructions then say which there are.',
    '## What every agent is told',
    'These instructions come with the connection:',
    ...instructions.split('\n').map((paragraph) => `> ${paragraph}`),
    '## When it succeeds',
    'A result is `{"ok": true, …}` with the fields of the answer, and with `agent_id`: the name that acts when a call names nobody. The same object comes twice, as structured content and as JSON text, for a client may show its model only one of the two.',
    'A tool that takes `detail` answers `concise` unless it is asked for `full`: what is null or false is left out, a long text is cut, with its length beside it (`body_length`), and a long list likewise (`active_lanes_more`).',
    '## What is kept alive',
    'The server on standard input and output is a process that lives as long as its client, so it can renew what a tool granted: that tool takes `keep_alive`, which `/mcp` does not offer. Its result then has `kept_for_s`, the seconds for which it is renewed without being claimed again. When the client ends, it is given back. What was lost comes with the next result of any tool, once: `lost` is a list of objects, each with the name and the `reason`.',
    '## Resources',
    'Each is an answer of the bus as JSON, at an address. They can be listed, completed, read, and subscribed to in both eras of the protocol.',
    table(
      ['URI', 'Title', 'What is there', 'Operation'],
      operations.flatMap(({ id, resource }) =>
        resource ? [[code(resource.uri), resource.title, resource.description, code(id)]] : [],
      ),
    ),
    '## Prompts',
    'A text for an agent, with the resource that goes with it as it is then.',
    table(
      ['Prompt', 'What it is for', 'Arguments'],
      prompts.map(({ name, description, args }) => [
        code(name),
        description,
        Object.entries(args)
          .map(([argument, spec]) => `${code(argument)}${spec.required ? '' : ' (optional)'}: ${spec.description}`)
          .join('; '),
      ]),
    ),
    '## When it fails',
    ...renderToolErrors(),
    ...tools.flatMap(renderTool),
  ])
}

function renderTool(tool: Tool): string[] {
  const { operation, spec } = tool
  return [
    `## ${spec.name}`,
    `> ${spec.description}`,
    renderArguments(tool),
    ...renderResult(operation),
    renderErrors(operation),
  ]
}

function renderArguments({ operation, takes }: Tool): string {
  const rows = listInputFields(takes()).map((field) => {
    const [type = '', required = '', standard = '', description = ''] = toInputCells(field)
    return [code(field.name), type, required, field.name === operation.actor ? code('agent_id') : standard, description]
  })
  return table(['Argument', 'Type', 'Required', 'Default', 'Meaning'], rows) || 'It takes no arguments.'
}

function renderResult({ output }: AnyOperation): string[] {
  const document = toJsonSchema(output, 'output')
  const name = nameOfAnswer(document)
  return name === undefined
    ? ['It results in:', answerTable(document, 'http.md')]
    : [`It results in the fields of a [${name}](http.md${anchor(name)}).`]
}

/** The codes of the operation itself; what any call may run into is told once for all tools. */
function renderErrors({ errors }: AnyOperation): string {
  const rows = Object.entries(errors).map(([name, error]) => [
    code(name),
    String(errorKinds[error.kind].status),
    error.summary,
    describeCarried(error),
  ])
  return table(['Code', 'Status', '`hint`', 'Carries'], rows)
}

function sayYes(hint: boolean): string {
  return hint ? 'yes' : 'no'
}
