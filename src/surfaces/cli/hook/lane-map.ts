import { readFileSync } from 'node:fs'
import picomatch from 'picomatch'
import * as z from 'zod'
import type { AnyOperation } from '../../../core/operation.ts'

/** The file of a repository that says which lanes stand for which of its paths. */
export const LANE_MAP = '.bus.json'

const STANDARD_TOPIC = 'sessions'

/** A `.bus.json` that cannot be used. The message names the file and each field, and how it must be. */
export class LaneMapError extends Error {
  override readonly name = 'LaneMapError'
}

/** The schema of a `.bus.json`. Lanes and topics are called as the operations have it. */
export function createLaneMapSchema(operations: readonly AnyOperation[]) {
  const laneName = findTextField(operations, 'lanes.claim', 'lane')
  const topic = findTextField(operations, 'messages.post', 'topic')
  const entry = z.union(
    [
      laneName,
      z.strictObject({
        lane: laneName,
        require: z
          .boolean({ error: 'must be true or false' })
          .default(false)
          .describe('The agent must hold the lane before it edits; otherwise it may while nobody else does.'),
      }),
    ],
    { error: 'must be the name of a lane, or {"lane": NAME, "require": true}' },
  )
  return z.strictObject({
    $schema: z.string().optional().describe('Where an editor finds this schema.'),
    lanes: z
      .record(glob, entry, { error: 'must be an object: globs, and the lane of each' })
      .default({})
      .describe('Paths below the folder of this file, as globs with forward slashes, and the lane of each.'),
    announce: z
      .union([z.boolean(), z.strictObject({ topic })], { error: 'must be true, false or {"topic": TOPIC}' })
      .default({ topic: STANDARD_TOPIC })
      .describe('Whether sessions say on the blackboard that they begin and end, and under which topic.'),
    onUnreachable: z
      .enum(['allow', 'deny'], { error: 'must be "allow" or "deny"' })
      .default('allow')
      .describe('What becomes of an edit while no bus answers.'),
  })
}

export interface LaneMap {
  readonly entries: readonly LaneMapEntry[]
  /** Undefined when sessions are not announced. */
  readonly announceTopic: string | undefined
  readonly onUnreachable: 'allow' | 'deny'
}

export interface LaneMapEntry {
  readonly glob: string
  readonly lane: string
  readonly isRequired: boolean
}

/** What holds in a repository without the file. */
export const standardLaneMap: LaneMap = { entries: [], announceTopic: STANDARD_TOPIC, onUnreachable: 'allow' }

/** @throws {LaneMapError} */
export function readLaneMap(file: string, operations: readonly AnyOperation[]): LaneMap {
  const result = createLaneMapSchema(operations).safeParse(parseJson(file, readText(file)))
  if (!result.success) throw new LaneMapError(`${file}: ${listProblems(result.error.issues).join('; ')}`)
  const { lanes, announce, onUnreachable } = result.data
  const entries = Object.entries(lanes).map(([pattern, value]) =>
    typeof value === 'string'
      ? { glob: pattern, lane: value, isRequired: false }
      : { glob: pattern, lane: value.lane, isRequired: value.require },
  )
  const topic = announce === true ? STANDARD_TOPIC : announce === false ? undefined : announce.topic
  return { entries, announceTopic: topic, onUnreachable }
}

/** The entries for a path that is relative to the file's folder and has forward slashes. */
export function findEntries({ entries }: LaneMap, path: string): LaneMapEntry[] {
  return entries.filter(({ glob: pattern }) => createMatcher(pattern)(path))
}

/** A name without stars that turns out to be a folder's means all that is in it, as everybody reads it. */
function createMatcher(pattern: string): (path: string) => boolean {
  const trimmed = pattern.replace(/^\.\//, '').replace(/\/$/, '')
  const readings = [trimmed, toLiteral(trimmed)].flatMap((text) => [text, `${text}/**`])
  // The paths have forward slashes on every system, and `src/**` means what begins with a dot, too.
  return picomatch(readings, { dot: true, windows: false, strictBrackets: true })
}

/** Folders are called `[id]` and `(group)` as well, and a glob that missed them would let their edits through unseen. */
function toLiteral(pattern: string): string {
  const hasExtglob = /[@!+*?]\(/.test(pattern)
  return pattern.replace(hasExtglob ? /[[\]]/g : /[[\]()]/g, '\\$&')
}

const glob = z.string().check(
  z.refine((text) => text !== '' && text === text.trim(), { error: 'a glob must not be blank', abort: true }),
  z.refine((text) => !text.includes('\\'), { error: 'a glob has forward slashes, on Windows, too', abort: true }),
  z.refine((text) => !/^(?:\/|[A-Za-z]:|~)|(?:^|\/)\.\.(?:\/|$)/.test(text), {
    error: 'a glob is relative to the folder of .bus.json, and stays in it',
    abort: true,
  }),
  z.refine((text) => !/^!(?!\()/.test(text), { error: 'a glob says what it means, not what it does not', abort: true }),
  z.refine(isGlob, { error: 'is no glob: a bracket is not closed' }),
)

function isGlob(text: string): boolean {
  try {
    createMatcher(text)
    return true
  } catch {
    return false
  }
}

function findTextField(operations: readonly AnyOperation[], id: string, field: string): z.ZodString {
  const schema = operations.find((operation) => operation.id === id)?.input.shape[field]
  if (!(schema instanceof z.ZodString)) throw new Error(`${id} has no text ${field}`)
  return schema
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new LaneMapError(`${file} cannot be read: ${toText(error)}`)
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new LaneMapError(`${file} is not JSON: ${toText(error)}`)
  }
}

type Issue = z.core.$ZodIssue

/** Each problem with its place, as in `lanes["src/**"].require must be true or false`. */
function listProblems(issues: readonly Issue[], base: readonly PropertyKey[] = []): string[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path]
    switch (issue.code) {
      case 'invalid_union': {
        // Of the kinds that a value may be, the one that it tries to be.
        const meant = issue.errors.find((found) => !found.some(({ code, path: at }) => isOtherType(code, at)))
        return meant ? listProblems(meant, path) : [`${toPlace(path)} ${issue.message}`]
      }
      case 'invalid_key':
        return issue.issues.map(({ message }) => `${toPlace(path)}: ${message}`)
      case 'unrecognized_keys':
        return [`${toPlace([...path, issue.keys[0] ?? ''])} is unknown here`]
      default:
        return [`${toPlace(path)}${/^must /.test(issue.message) ? '' : ':'} ${issue.message}`]
    }
  })
}

function isOtherType(code: string, path: readonly PropertyKey[]): boolean {
  return code === 'invalid_type' && path.length === 0
}

function toPlace(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String)
  if (first === undefined) return 'the whole'
  return first + rest.map((name) => (/^\w+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)).join('')
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
