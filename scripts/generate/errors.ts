import { commonErrors, type ErrorSpec, errorKinds, startErrors } from '../../src/core/errors.ts'
import type { AnyOperation, OperationError } from '../../src/core/operation.ts'
import { describeCarried } from './fields.ts'
import { describeReach } from './http.ts'
import { code, codes, page, table } from './markdown.ts'

const COLUMNS = ['Code', 'Kind', 'HTTP', 'Exit', 'From', 'What it means, and what to do', 'Carries']

/** docs/reference/errors.md */
export function renderErrors(operations: readonly AnyOperation[]): string {
  return page('Errors', [
    'One closed list. `code` is stable and for programs; the text beside it is for people and may change. The kind alone decides the HTTP status and the [exit status](cli.md#exit-statuses) of the command line. What the body looks like: [Refusals](http.md#refusals).',
    '## Of operations',
    table(COLUMNS, operationRows(operations)),
    '## Around every operation',
    table(
      COLUMNS,
      Object.entries<ErrorSpec>(commonErrors).map(([name, error]) => toRow(name, error, describeReach(name))),
    ),
    '## At the start of the bus',
    '`bus-mcp serve` prints one line to standard error and ends with the exit status. A setting or a flag that cannot be used is an `invalid_request` here, too.',
    table(
      ['Code', 'Kind', 'Exit', 'What it means, and what to do'],
      Object.entries<ErrorSpec>(startErrors).map(([name, { kind, summary }]) => [
        code(name),
        kind,
        String(errorKinds[kind].exitCode),
        summary,
      ]),
    ),
  ])
}

/** A code that several operations declare is one row. */
function operationRows(operations: readonly AnyOperation[]): string[][] {
  const byCode = new Map<string, { error: OperationError; from: string[] }>()
  for (const { id, errors } of operations) {
    for (const [name, error] of Object.entries(errors)) {
      byCode.set(name, { error, from: [...(byCode.get(name)?.from ?? []), id] })
    }
  }
  return [...byCode].map(([name, { error, from }]) => toRow(name, error, codes(from)))
}

function toRow(name: string, error: ErrorSpec | OperationError, from: string): string[] {
  const { status, exitCode } = errorKinds[error.kind]
  return [code(name), error.kind, String(status), String(exitCode), from, error.summary, describeCarried(error)]
}
