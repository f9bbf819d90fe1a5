import { isDeepStrictEqual } from 'node:util'
import type { Input } from './clients.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What a file is to hold. */
export interface Wanted {
  /** The object that holds all servers. */
  readonly table: string
  readonly name: string
  readonly entry: Fields
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

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The field of that name, never one that every object has. */
export function getField(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** What says where the server is; all else in an entry is the person's own. */
const TRANSPORT = ['type', 'command', 'args', 'url', 'httpUrl']
/** What goes with one way to the server, and would be nonsense with another. */
const WITH_PROCESS = ['env', 'env_vars']
const WITH_ADDRESS = ['headers', 'http_headers', 'env_http_headers']

/**
 * The entry with what a person has added to a former one of this server: its variables, its time limits, whether it is
 * switched off. Another server under the same name leaves nothing behind.
 */
export function mergeEntry(former: unknown, entry: Fields): Fields {
  if (!isFields(former) || !isOurs(former)) return entry
  const ours = 'command' in entry ? WITH_PROCESS : WITH_ADDRESS
  const own = [...TRANSPORT, ...WITH_PROCESS, ...WITH_ADDRESS]
  const rest = Object.entries(former).filter(([name]) => !own.includes(name))
  const merged = ours.flatMap((name) => {
    const value = mergeField(getField(former, name), getField(entry, name))
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...entry, ...Object.fromEntries(merged), ...Object.fromEntries(rest) }
}

function mergeField(former: unknown, wanted: unknown): unknown {
  if (isFields(former) && (wanted === undefined || isFields(wanted))) return { ...former, ...wanted }
  if (Array.isArray(former) && Array.isArray(wanted)) return [...new Set([...former, ...wanted])]
  return wanted ?? former
}

/** Whether an entry is of this program, or of a bus at its address. */
function isOurs(entry: Fields): boolean {
  const args = getField(entry, 'args')
  const words = [getField(entry, 'command'), ...(Array.isArray(args) ? args : [])].map(String)
  if (words.some((word) => /bus-mcp|[\\/]main\.(?:js|ts)$/.test(word))) return true
  return ['url', 'httpUrl'].some((name) => String(getField(entry, name) ?? '').endsWith('/mcp'))
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
