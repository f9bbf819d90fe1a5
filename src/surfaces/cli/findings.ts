import type { Finding } from '../../core/invariant.ts'

/** One finding of a check, in one line. */
export function describeFinding({ name, holds, looked, violations, hasMore }: Finding): string {
  if (violations.length === 0) return `ok     ${name}: ${looked}; ${holds}`
  return `WRONG  ${name}: ${looked}; not so: ${holds} -- ${violations.join('; ')}${hasMore ? '; and others' : ''}`
}
