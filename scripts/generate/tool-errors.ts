import type { CallError } from '../../src/surfaces/mcp/call.ts'
import { code, table } from './markdown.ts'

/** The fields that a type names one by one, without those that it only allows. */
type Named<T> = { [Field in keyof T as string extends Field ? never : Field]: T[Field] }
type FieldsOf<Type extends CallError['type']> = Exclude<
  keyof Named<Extract<CallError, { type: Type }>>,
  'type' | 'message' | 'hint'
>

/** Every type of error with every field of its own: the compiler refuses one too few and one too many. */
const toolErrors: {
  readonly [Type in CallError['type']]: {
    readonly when: string
    readonly fields: Readonly<Record<FieldsOf<Type>, string>>
  }
} = {
  bus_unreachable: {
    when: 'No bus answered: refused, timed out, no such host, or a base URL that is none. `message` says what to do.',
    fields: {
      base_url: 'Where it looked.',
      outcome_unknown: '`true` when the call was sent and may have been carried out. Look before you repeat it.',
    },
  },
  bus_api_error: {
    when: 'The bus refused, or what answered is no bus.',
    fields: {
      status_code: 'The HTTP status.',
      detail: 'The bus’s own words, as in `message`.',
      code: 'For programs; the list is in [errors.md](errors.md). Absent from a bus that has no codes. With it comes whatever the code carries, such as `lane` and `retry_after_ms`.',
    },
  },
  invalid_arguments: {
    when: 'An argument is missing, unknown or out of bounds. Nothing was sent. `message` names it and the fix.',
    fields: { errors: 'Each problem: `path` and `message`.' },
  },
}

/** What a tool answers instead of a result. */
export function renderToolErrors(): string[] {
  return [
    'A result is `{"ok": false, "error": {"type", "message", "tool", …}}`, and the MCP result has `isError`. A wrong argument is such a result, too, never an error of the protocol.',
    '`hint` says what to do about it, and ends with the call to make next, as in `Next: claim_lane(lane="feeds", wait_s=55) to wait your turn`. In it `…` stands for words of your own. Wrong arguments come back corrected, as far as that can be known.',
    table(
      ['Type', 'When'],
      Object.entries(toolErrors).map(([type, { when }]) => [code(type), when]),
    ),
    table(
      ['Type', 'Field', 'Meaning'],
      Object.entries(toolErrors).flatMap(([type, { fields }]) =>
        Object.entries(fields).map(([name, meaning]) => [code(type), code(name), meaning]),
      ),
    ),
  ]
}
