import type * as z from 'zod'
import { fillAdvice, writeCall } from '../../core/advice.ts'
import { commonErrors, type ErrorSpec, errorKinds } from '../../core/errors.ts'
import type { AnyOperation, ToolSpec } from '../../core/operation.ts'
import type { CallError } from './call.ts'
import { correctArguments } from './correct.ts'

type Fields = Readonly<Record<string, unknown>>

/** The call that failed. */
export interface FailedCall {
  readonly operation: AnyOperation
  readonly spec: ToolSpec
  /** What the tool takes. */
  readonly input: z.ZodObject
  /** As the agent gave them. */
  readonly args: Fields
}

/** Adds to a refusal what to call next, in words that can be followed to the letter. */
export function adviseOn(error: CallError, call: FailedCall): CallError {
  const next = listNext(error, call)
  if (next.length === 0) return error
  const known = error.hint === undefined ? '' : `${error.hint} `
  return { ...error, hint: `${known}Next: ${next.join('; or ')}.` }
}

function listNext(error: CallError, call: FailedCall): string[] {
  const { operation, spec, args } = call
  const again = writeCall(spec.name, args)
  switch (error.type) {
    case 'bus_unreachable':
      return error.outcome_unknown ? [adviseOnUnknown(call)] : [`${again} when the bus runs again`]
    case 'invalid_arguments':
      return toCorrected(call, error.errors)
    case 'bus_api_error': {
      // Whatever its code: the store says so, too, of a change that it may have made.
      if (error.outcome_unknown === true) return [adviseOnUnknown(call)]
      if (error.code === 'invalid_request') return toCorrected(call, toProblems(error.errors))
      const advice = findSpec(error, operation)?.next ?? []
      return advice.map((one) => fillAdvice(one, again, [error, args]))
    }
  }
}

function adviseOnUnknown({ spec, args }: FailedCall): string {
  return fillAdvice(spec.whenUnknown ?? '{again}', writeCall(spec.name, args), [args])
}

/** What is known of the refusal. A bus without codes tells by its status alone; then it is the first that has this status. */
function findSpec(
  { code, status_code }: Extract<CallError, { type: 'bus_api_error' }>,
  { errors }: AnyOperation,
): ErrorSpec | undefined {
  const specs: Readonly<Record<string, ErrorSpec>> = { ...commonErrors, ...errors }
  if (code !== undefined) return specs[code]
  // But for a 404: whoever answers so without a code is no bus.
  if (status_code === errorKinds.not_found.status) return undefined
  return Object.values<ErrorSpec>(errors).find(({ kind }) => errorKinds[kind].status === status_code)
}

function toCorrected(
  { operation, spec, input, args }: FailedCall,
  problems: readonly { readonly path: string }[],
): string[] {
  const wrong = problems.map(({ path }) => path)
  // Left out where the caller is known; where it is not, it has to name itself.
  const corrected = correctArguments(input, args, wrong, operation.actor)
  return corrected === undefined ? [] : [writeCall(spec.name, corrected)]
}

function toProblems(errors: unknown): { path: string }[] {
  if (!Array.isArray(errors)) return []
  return errors.flatMap((problem: unknown) =>
    typeof problem === 'object' && problem !== null && 'path' in problem && typeof problem.path === 'string'
      ? [{ path: problem.path }]
      : [],
  )
}
