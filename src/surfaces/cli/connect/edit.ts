import { isDeepStrictEqual } from 'node:util'
import type { Input } from './clients.ts'
import type { Entry } from './target.ts'

/** What a file is to hold. */
export interface Wanted {
  /** The object that holds all servers. */
  readonly table: string
  readonly name: string
  readonly entry: Entry
  readonly inputs: readonly Input[]
}

export interface Edit {
  readonly text: string
  readonly outcome: 'added' | 'replaced' | 'unchanged'
}

/** The file cannot be edited without a risk to what it holds. The message ends the sentence "FILE …". */
export class EditRefused extends Error {
  override readonly name = 'EditRefused'
}

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The field of that name, never one that every object has. */
export function getField(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** The object of all servers, empty when there is none yet. @throws {EditRefused} */
export function getServers(file: Fields, table: string): Fields {
  const servers = getField(file, table)
  if (servers === undefined) return {}
  if (!isFields(servers)) throw new EditRefused(`has something else under "${table}" than servers`)
  return servers
}

/**
 * Compares everything in two versions of a file but the entry itself: an editor of text is trusted only as far as this.
 *
 * @throws {EditRefused} When anything else changed.
 */
export function assertNothingElseChanged(before: Fields, after: Fields, wanted: Wanted): void {
  if (isDeepStrictEqual(withoutOurs(before, wanted), withoutOurs(after, wanted))) return
  throw new EditRefused('is written in a way that could not be edited without changing something else')
}

function withoutOurs(file: Fields, { table, name, inputs }: Wanted): Fields {
  const servers = Object.entries(getServers(file, table)).filter(([server]) => server !== name)
  const rest = { ...file, [table]: Object.fromEntries(servers) }
  if (inputs.length === 0) return rest
  const ids = new Set<unknown>(inputs.map(({ id }) => id))
  return { ...rest, inputs: listInputs(file).filter((input) => !isFields(input) || !ids.has(input.id)) }
}

/** @throws {EditRefused} */
export function listInputs(file: Fields): readonly unknown[] {
  const inputs = getField(file, 'inputs')
  if (inputs === undefined) return []
  if (!Array.isArray(inputs)) throw new EditRefused('has something else under "inputs" than a list')
  return inputs
}
