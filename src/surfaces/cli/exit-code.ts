import { BusApiError, BusUnreachable } from '../../client/index.ts'
import { AppError, commonErrors, type ErrorSpec, errorKinds } from '../../core/errors.ts'
import type { AnyOperation } from '../../core/operation.ts'
import { UsageError } from './command.ts'

/** What the command line's exit status says, for scripts. */
export const exitCodes = {
  0: 'done',
  1: 'the bus refused for another reason than those below',
  2: 'the command was typed wrongly, or a field is out of bounds',
  65: 'a check found the database not as it must be',
  69: 'no bus answered, or it cannot serve at the moment',
  70: 'a fault of bus-mcp',
  75: 'refused for now: somebody else holds the lane, or you ask too often; try again later',
  77: 'the bus is armed and the secret is missing or wrong',
} as const

/** The exit status for whatever a command failed with. An old bus names no code, so its status has to do. */
export function toExitCode(error: unknown, operation: AnyOperation | undefined): number {
  if (error instanceof UsageError) return errorKinds.invalid.exitCode
  if (error instanceof AppError) return errorKinds[error.kind].exitCode
  if (error instanceof BusUnreachable) return errorKinds.unavailable.exitCode
  if (!(error instanceof BusApiError)) return errorKinds.internal.exitCode
  // An answer that says yes and is none of a bus: the bus itself is not there.
  if (error.statusCode < 400) return errorKinds.unavailable.exitCode

  const declared: Readonly<Record<string, ErrorSpec>> = { ...commonErrors, ...operation?.errors }
  const { code } = error.body
  const byCode = code === undefined ? undefined : declared[code]
  const byStatus = [...Object.values(operation?.errors ?? {}), ...Object.values(commonErrors)].find(
    ({ kind }) => errorKinds[kind].status === error.statusCode,
  )
  const spec = byCode ?? byStatus
  return spec ? errorKinds[spec.kind].exitCode : 1
}
