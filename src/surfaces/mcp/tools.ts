import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { isAnswer, noAnswer, toAnswerShape } from '../../core/answer-shape.ts'
import { toFieldProblems } from '../../core/capability.ts'
import { toConcise } from '../../core/concise.ts'
import { type JsonSchema, toJsonSchema, toModelSchema } from '../../core/json-schema.ts'
import { once } from '../../core/once.ts'
import type { AnyOperation, ToolSpec } from '../../core/operation.ts'
import { adviseOn } from './advise.ts'
import { type Call, type CallResult, toApiError } from './call.ts'
import type { Grant, Keeper } from './keeper.ts'
import type { ToolChoice } from './selection.ts'

/** An operation as an MCP tool. Built once: building schemas costs more than a whole request. */
export interface Tool {
  readonly operation: AnyOperation
  readonly spec: ToolSpec
  /** All that it takes, for people. */
  takes(): JsonSchema
  /** What a model is shown of it. */
  readonly inputSchema: StandardSchemaWithJSON<Record<string, unknown>>
  readonly annotations: {
    readonly readOnlyHint: boolean
    readonly destructiveHint: boolean
    readonly idempotentHint: boolean
    readonly openWorldHint: boolean
  }
  /** Never throws for a bad argument: says which one, and the fix. */
  run(
    args: Readonly<Record<string, unknown>>,
    caller: Caller,
    signal: AbortSignal,
    traceparent?: string | undefined,
  ): Promise<CallResult>
}

/** Whom a server acts for. */
export interface Caller {
  readonly call: Call
  /** Who acts when the arguments do not say; undefined when nobody can know. */
  readonly agentId: string | undefined
  /** Tells this process from others of the same agent; undefined where no process stands for the agent. */
  readonly session?: string | undefined
  /** What it wants of the tools that are offered. */
  readonly choice?: ToolChoice
  /** There when this server outlives its calls, and so can renew what they were granted. */
  readonly keeper?: Keeper
}

/**
 * Tells whom a call acts for, from the headers of the request that brought it: those of each request, not of the first, so
 * that who knows the id of a session acts for nobody by it. Undefined over stdio.
 */
export type CallerOf = (headers: Headers | undefined) => Caller

/** @param canKeep Whether the callers will have a {@link Keeper}. */
export function createTools(operations: readonly AnyOperation[], canKeep: boolean): readonly Tool[] {
  return operations.flatMap((operation) => (operation.tool ? [createTool(operation, operation.tool, canKeep)] : []))
}

/** The argument that asks for a grant to be renewed. */
const KEEP_ALIVE = 'keep_alive'

const keepAliveArgument = z
  .boolean({ error: `${KEEP_ALIVE} must be true or false` })
  .optional()
  .describe('Renewed for you without calls, until you release it, this session ends or kept_for_s is over.')

/** The argument that asks for the whole answer. */
const DETAIL = 'detail'

const detailArgument = z
  .enum(['concise', 'full'], { error: `${DETAIL} must be concise or full` })
  .default('concise')
  .describe('concise: without what says nothing, long texts and lists cut. full: everything.')

/** The arguments that are the surface's own, and what agents are told of them. */
const OWN_NOTES = { [KEEP_ALIVE]: 'Renewed for you until released' }

function createTool(operation: AnyOperation, spec: ToolSpec, canKeep: boolean): Tool {
  const { actor, session } = operation
  const { concise } = spec
  // An agent waits for its server to start: what may never be asked for is made when it is.
  const input = once(() =>
    toArguments(operation, spec).extend({
      ...(canKeep && spec.grants !== undefined ? { [KEEP_ALIVE]: keepAliveArgument } : {}),
      ...(concise === undefined ? {} : { [DETAIL]: detailArgument }),
    }),
  )
  const takes = once(() => toJsonSchema(input(), 'input'))
  const shape = once(() => toAnswerShape(operation))
  const carryOut: Tool['run'] = async (args, caller, signal, traceparent) => {
    const given = actor !== undefined && args[actor] === undefined ? { ...args, [actor]: caller.agentId } : args
    const parsed = input().safeParse(given)
    if (!parsed.success) return toInvalidArguments(spec.name, input(), parsed.error)
    if (actor !== undefined && parsed.data[actor] === undefined) return toUnknownActor(spec.name, actor)
    const { [KEEP_ALIVE]: wanted, [DETAIL]: detail, ...fields } = parsed.data
    const sent = session === undefined ? fields : { ...fields, [session]: caller.session }
    const askedAt = performance.now()
    const result = await caller.call(operation, sent, signal, traceparent)
    if (!result.ok) return result
    if (!isAnswer(shape(), result.value)) return toApiError(operation, 200, noAnswer)
    const grant = { input: sent, answer: result.value, askedAt }
    const keepAlive = typeof wanted === 'boolean' ? wanted : undefined
    const value = concise === undefined || detail === 'full' ? result.value : toConcise(result.value, concise)
    return { ok: true, value: { ...value, ...tellKeeper(caller.keeper, spec, grant, keepAlive) } }
  }
  return {
    operation,
    spec,
    takes,
    inputSchema: advertise(once(() => toModelSchema(takes(), { ...OWN_NOTES, ...spec.argumentNotes }))),
    annotations: {
      readOnlyHint: operation.effect === 'read',
      destructiveHint: spec.destructive,
      idempotentHint: spec.idempotent,
      openWorldHint: false,
    },
    run: async (args, caller, signal, traceparent) => {
      const result = await carryOut(args, caller, signal, traceparent)
      return result.ok
        ? result
        : { ok: false, error: adviseOn(result.error, { operation, spec, input: input(), args }) }
    },
  }
}

/** The operation's input as an agent fills it in: the actor may be left out, and a misspelt argument is told. */
function toArguments({ input, actor, session }: AnyOperation, { hides, defaults = {} }: ToolSpec): z.ZodObject {
  const fields = Object.entries(input.shape)
    .filter(([name]) => name !== session && !hides?.includes(name))
    .map(([name, field]) => {
      if (name === actor) return [name, z.optional(field)]
      return [name, name in defaults ? z._default(field, defaults[name]) : field]
    })
  return z.strictObject(Object.fromEntries(fields))
}

/** Returns what the answer says of it. */
function tellKeeper(
  keeper: Keeper | undefined,
  { grants, ends }: ToolSpec,
  grant: Grant,
  keepAlive: boolean | undefined,
): Readonly<Record<string, unknown>> {
  const subjectOf = (field: string) => ({ field, name: String(grant.input[field]) })
  if (ends !== undefined) keeper?.ended(subjectOf(ends))
  const seconds = grants === undefined ? undefined : keeper?.granted(subjectOf(grants), grant, keepAlive)
  return seconds === undefined ? {} : { kept_for_s: seconds }
}

/** A schema for the SDK to show and not to judge by: `run` judges, in our own words. */
function advertise(document: () => JsonSchema): StandardSchemaWithJSON<Record<string, unknown>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'bus-mcp',
      validate: (value) => ({ value: value as Record<string, unknown> }), // MCP arguments and results are objects.
      jsonSchema: { input: document, output: document },
    },
  }
}

function toInvalidArguments(tool: string, input: z.ZodObject, error: z.ZodError): CallResult {
  const known = Object.keys(input.shape).join(', ') || 'none'
  const unknown = error.issues
    .flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []))
    .map((path) => ({ path, message: `unknown argument ${JSON.stringify(path)}; known: ${known}` }))
  // A problem without a path is of the arguments as a whole: the unknown ones, told above.
  const errors = [...toFieldProblems(error).filter(({ path }) => path !== ''), ...unknown]
  const message = `${tool}: ${errors.map((problem) => problem.message).join('; ')}`
  return { ok: false, error: { type: 'invalid_arguments', message, errors } }
}

function toUnknownActor(tool: string, actor: string): CallResult {
  const message = `${actor} is required here: name yourself, or set the header X-Bus-Agent in the client's configuration`
  return {
    ok: false,
    error: { type: 'invalid_arguments', message: `${tool}: ${message}`, errors: [{ path: actor, message }] },
  }
}
