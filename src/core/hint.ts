import { commonErrors, type ErrorSpec, errorKinds } from './errors.ts'

/**
 * What to do about a refusal, for whoever called; undefined where nothing is known of its code.
 *
 * @param own The codes of the operation itself, where they are to be explained, too.
 */
export function findHint(
  statusCode: number,
  code: string | undefined,
  own: Readonly<Record<string, ErrorSpec>> = {},
): string | undefined {
  // A bus knows our routes. Whoever does not was asked at another path than a bus's, or is none.
  const isElsewhere = code === undefined ? statusCode === errorKinds.not_found.status : code === 'route_not_found'
  if (isElsewhere) return 'Check BUS_MCP_BASE_URL: the base URL of a bus usually ends in /api/bus.'
  const specs: Readonly<Record<string, ErrorSpec>> = { ...commonErrors, ...own }
  return code === undefined ? undefined : specs[code]?.summary
}
