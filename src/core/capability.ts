import type * as z from 'zod'
import type { BusContext, Context, Log, RequestInfo, Settings, Write } from './context.ts'
import type { Database, Migration, OnOutage } from './database.ts'
import { AppError, commonError, type FieldProblem } from './errors.ts'
import { type Invariant, InvariantViolation } from './invariant.ts'
import type { AnyOperation, NamesSpec, Operation, OperationError } from './operation.ts'
import type { Waits } from './waits.ts'

/** Makes an error of the operation's own list; the handler throws it. */
export type Fail<Errors extends Readonly<Record<string, OperationError>>> = <Code extends keyof Errors & string>(
  code: Code,
  message: string,
  details?: Errors[Code]['details'] extends z.ZodObject ? z.input<Errors[Code]['details']> : never,
) => AppError

export interface Call<Op extends AnyOperation> {
  readonly input: z.output<Op['input']>
  readonly context: Context
  readonly fail: Fail<Op['errors']>
}

export type Handler<Op extends AnyOperation> = (call: Call<Op>) => Promise<z.input<Op['output']>>

/** Carries the operation out as its {@link Handler} does, and answers with the JSON text of the same answer. */
export type TextHandler<Op extends AnyOperation> = (call: Call<Op>) => Promise<string>

/** An operation with the code that carries it out, its exact types put away. */
export interface BoundOperation {
  readonly operation: AnyOperation
  /** Parse, handle, parse: `input` is not trusted, and neither is our own answer. */
  readonly run: (input: unknown, bus: BusContext, request: RequestInfo) => Promise<Readonly<Record<string, unknown>>>
  /** The same, with the answer as JSON text. */
  readonly write: (input: unknown, bus: BusContext, request: RequestInfo) => Promise<string>
}

/** What is done again and again while the bus runs, never twice at once. */
export interface Chore {
  /** For the log: `capability.what-it-does`. */
  readonly name: string
  /** From the end of one run to the next; the first comes so long after the start. */
  readonly everyMs: number
  readonly run: (bus: BusContext) => Promise<void>
}

/** A table as an export carries it. What is not named is made anew where it is needed. */
export interface TableSpec {
  readonly name: string
  readonly columns: readonly string[]
  /** The columns that name a row, in whose order they are carried. */
  readonly key: readonly string[]
  /** The column that says when a row was written: the clock of whoever takes the rows over goes on from the last one. */
  readonly moment?: string
  /** It has its one row from the beginning. */
  readonly isSingle?: boolean
}

/** A text that a person hands to an agent, with what the bus knows at that moment. */
export interface PromptSpec {
  readonly name: string
  readonly title: string
  /** For people, who choose it from a list. */
  readonly description: string
  readonly args: Readonly<Record<string, PromptArgument>>
  /** For the agent. What is undefined was left out. */
  readonly write: (args: Readonly<Record<string, string | undefined>>) => {
    readonly text: string
    /** URIs of resources that go with it, as they are then. */
    readonly embeds: readonly string[]
  }
}

export interface PromptArgument {
  readonly description: string
  readonly required: boolean
  readonly names?: NamesSpec
}

export interface Capability {
  readonly name: string
  /** For agents: how its tools work together. A few sentences; every session of every agent pays for them. */
  readonly instructions: string
  readonly operations: readonly BoundOperation[]
  readonly prompts?: readonly PromptSpec[]
  readonly migrations: readonly Migration[]
  /** What must not be lost when all that there is moves to another database. */
  readonly tables?: readonly TableSpec[]
  /** What holds of its tables at any time; `bus-mcp check` and the tests walk them. */
  readonly invariants?: readonly Invariant[]
  readonly onOutage?: OnOutage
  readonly chores?: readonly Chore[]
}

/** Declares a capability. Surfaces know it as soon as it is in the list of capabilities. */
export function defineCapability(capability: Capability): Capability {
  return capability
}

/** In the order of the capabilities, and of each one's own list; surfaces show them in this order. */
export function listOperations(capabilities: readonly Capability[]): BoundOperation[] {
  return capabilities.flatMap(({ operations }) => operations)
}

/** What all capabilities do after an outage, in their order. */
export function joinOnOutage(capabilities: readonly Capability[]): OnOutage {
  return async (transaction, outage) => {
    for (const { onOutage } of capabilities) await onOutage?.(transaction, outage)
  }
}

/**
 * Binds a handler to its operation.
 *
 * @param write For an answer whose text is cheaper to make than the answer itself. A test must hold it to the handler's, for
 *   a text is not parsed again.
 */
export function bind<
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  Errors extends Readonly<Record<string, OperationError>>,
>(
  operation: Operation<Input, Output, Errors>,
  handle: Handler<Operation<Input, Output, Errors>>,
  write?: TextHandler<Operation<Input, Output, Errors>>,
): BoundOperation {
  const fail: Fail<Errors> = (code, message, details) =>
    new AppError(kindOf(operation.errors, code), code, message, details)
  const toCall = (input: unknown, bus: BusContext, request: RequestInfo) => {
    const parsed = parseInput(operation.input, input)
    return {
      input: parsed,
      context: new CallContext(bus, request, bus.createWrite(request, operation.id, parsed)),
      fail,
    }
  }
  const run: BoundOperation['run'] = async (input, bus, request) =>
    operation.output.parse(await handle(toCall(input, bus, request)))
  return {
    operation,
    run,
    write: write
      ? async (input, bus, request) => write(toCall(input, bus, request))
      : async (input, bus, request) => JSON.stringify(await run(input, bus, request)),
  }
}

/** A class, for its one getter: few look at a request's signal, to make one is dear, and a getter of each context's own is dearer. */
class CallContext implements Context {
  readonly database: Database
  readonly settings: Settings
  readonly log: Log
  readonly waits: Waits
  readonly requestId: string
  readonly idempotencyKey: string | undefined
  readonly write: Write
  readonly #request: RequestInfo

  constructor({ database, settings, log, waits }: BusContext, request: RequestInfo, write: Write) {
    this.database = database
    this.settings = settings
    this.log = log
    this.waits = waits
    this.requestId = request.requestId
    this.idempotencyKey = request.idempotencyKey
    this.write = write
    this.#request = request
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }
}

/**
 * Runs an operation. Whatever is thrown is an {@link AppError}: a fault of ours is logged whole under the request id,
 * and the caller sees `internal`.
 */
export function invoke(
  { operation, run }: BoundOperation,
  input: unknown,
  bus: BusContext,
  request: RequestInfo,
): Promise<Readonly<Record<string, unknown>>> {
  return run(input, bus, request).catch((error: unknown) => {
    throw toAppError(error, operation, bus, request)
  })
}

/** As {@link invoke}, for a surface that hands the answer on as JSON text. */
export function invokeForText(
  { operation, write }: BoundOperation,
  input: unknown,
  bus: BusContext,
  request: RequestInfo,
): Promise<string> {
  return write(input, bus, request).catch((error: unknown) => {
    throw toAppError(error, operation, bus, request)
  })
}

function toAppError(error: unknown, { id }: AnyOperation, { log }: BusContext, { requestId }: RequestInfo): AppError {
  if (error instanceof AppError) return error
  if (error instanceof InvariantViolation) {
    const { invariant } = error
    log.error('invariant violated', error, { operation: id, request_id: requestId, invariant })
    return commonError(
      'invariant_violated',
      `nothing was changed: this would have broken what must always hold (${invariant}), which is a fault of the bus -- tell the person who runs it; its log has more under request id ${requestId}`,
    )
  }
  log.error('operation failed', error, { operation: id, request_id: requestId })
  return commonError('internal', `internal error; the bus's log has the cause under request id ${requestId}`)
}

/** @throws {AppError} `invalid_request` with every problem found. */
export function parseInput<Input extends z.ZodType>(schema: Input, input: unknown): z.output<Input> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const errors = toFieldProblems(result.error)
  throw commonError('invalid_request', errors.map(toSentence).join('; '), { errors })
}

/** The problems of a failed parse in the order of the fields, each told once. */
export function toFieldProblems(error: z.ZodError): FieldProblem[] {
  const problems = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}

function toSentence({ path, message }: FieldProblem): string {
  return path === '' || message.startsWith(path) ? message : `${path}: ${message}`
}

function kindOf(errors: Readonly<Record<string, OperationError>>, code: string): OperationError['kind'] {
  const declared = errors[code]
  if (!declared) throw new Error(`error code ${code} is not declared by the operation`)
  return declared.kind
}
