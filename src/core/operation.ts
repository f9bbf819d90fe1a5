import type * as z from 'zod'
import type { Advice } from './advice.ts'
import type { ConciseSpec } from './concise.ts'
import type { ErrorKind } from './errors.ts'

/** Whether an operation changes anything. Decides the write secret, the client's header and the MCP hints. */
export type Effect = 'read' | 'write'

export interface OperationError {
  readonly kind: ErrorKind
  /** One sentence for people: when it happens and what to do. */
  readonly summary: string
  /** For agents: what to call next, the best first. Tools by their names, arguments by the fields of the error and the call. */
  readonly next?: readonly Advice[]
  /** What the error carries beside its text, as fields of the error body. */
  readonly details?: z.ZodObject
}

export interface HttpRoute {
  readonly method: 'GET' | 'POST'
  /** Below the API's base path. `{name}` stands for the input field of that name, percent-encoded. */
  readonly path: `/${string}`
  /** Answers also as a stream of Server-Sent Events, which goes on where an answer ends. */
  readonly stream?: StreamSpec
}

/** How answers follow each other as one stream. Each entry has an integer `id` and a `kind`; the input has `wait_s`. */
export interface StreamSpec {
  /** The output field that lists the entries. */
  readonly entries: string
  /** The input field that names the last entry that the reader has. */
  readonly cursor: string
  /** The output field with the cursor of the next answer. */
  readonly nextCursor: string
  /** Whether an entry is among those that this parsed input asks for, as the operation itself would say. */
  readonly fits: (entry: Readonly<Record<string, unknown>>, input: Readonly<Record<string, unknown>>) => boolean
}

export interface ToolSpec {
  readonly name: string
  readonly title: string
  /** For agents: what it does, when to call it, which tool comes next. At most 400 characters. */
  readonly description: string
  /** True when calling it twice with the same arguments changes nothing more than calling it once. */
  readonly idempotent: boolean
  /** True when it can end something of another agent's that is still in force. */
  readonly destructive: boolean
  /** The group by which it is chosen. Absent: one of those that every server offers. */
  readonly toolset?: string
  /** Input fields that are for programs and would only cost a model tokens. */
  readonly hides?: readonly string[]
  /**
   * For agents: what a field's name and type do not say, in a few words. The operation's own descriptions are for people;
   * every session of every agent pays for these.
   */
  readonly argumentNotes?: Readonly<Record<string, string>>
  /** Input fields whose standard value is another one here. */
  readonly defaults?: Readonly<Record<string, unknown>>
  /** What to call when nobody knows whether the call was carried out. The call itself when left out: it does no harm twice. */
  readonly whenUnknown?: Advice
  /** How a long answer is shortened: the tool then takes `detail`, and shortens unless it is `full`. */
  readonly concise?: ConciseSpec
  /**
   * The input field that names what it grants, when that lapses unless it is renewed: a server that can renew it offers
   * to, as the argument `keep_alive`.
   */
  readonly grants?: string
  /** The input field that names what it gives back, of what another tool granted. */
  readonly ends?: string
}

/** An answer that has an address of its own, which clients read, follow and give to their models. */
export interface ResourceSpec {
  /** At most one `{field}` in it, which stands for the input field of that name, percent-encoded. */
  readonly uri: `bus://${string}`
  readonly title: string
  /** For people and models: what is there. */
  readonly description: string
  /** Which names the field can have, for lists and completion. */
  readonly names?: NamesSpec
  /**
   * What an event of the stream of events changes: the name that the field has there, or true where the URI has no field.
   */
  readonly touchedBy: (event: Readonly<Record<string, unknown>>) => string | boolean | undefined
}

/** An operation that lists names, in the order of its input field `after`, at most `limit` at a time. */
export interface NamesSpec {
  readonly operationId: string
  /** The output field that lists the entries, and the field of each that is its name. */
  readonly entries: string
  readonly field: string
}

export interface CommandSpec {
  readonly name: string
  /** Input fields that are given by position, in this order. */
  readonly positionals: readonly string[]
  /** The output field that a script asks for: the exit status is 1 when it is not true. */
  readonly answersWith?: string
}

/**
 * One thing that the product can do, told once. The HTTP route, the MCP tool, the CLI command, the OpenAPI entry, the
 * client's method and the reference page are all derived from this.
 */
export interface Operation<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
  Errors extends Readonly<Record<string, OperationError>> = Readonly<Record<string, OperationError>>,
> {
  /** `capability.verb`, unique. */
  readonly id: `${string}.${string}`
  /** For people: an imperative, without a full stop. */
  readonly summary: string
  readonly effect: Effect
  readonly input: Input
  readonly output: Output
  /** The codes that its handler may fail with. */
  readonly errors: Errors
  /** The input field that names who acts. A surface that knows who is calling fills it in when it is left out. */
  readonly actor?: keyof z.input<Input> & string
  /**
   * The input field that tells two processes of one actor apart. A surface that is one process fills it in, and shows it
   * to nobody: whoever knows it could act as that process.
   */
  readonly session?: keyof z.input<Input> & string
  readonly http?: HttpRoute
  readonly tool?: ToolSpec
  readonly resource?: ResourceSpec
  readonly command?: CommandSpec
}

/** Any operation at all, for code that walks them. */
export type AnyOperation = Operation

/** Declares an operation and keeps its exact types. */
export function defineOperation<
  const Input extends z.ZodObject,
  const Output extends z.ZodObject,
  const Errors extends Readonly<Record<string, OperationError>>,
>(operation: Operation<Input, Output, Errors>): Operation<Input, Output, Errors> {
  return operation
}
