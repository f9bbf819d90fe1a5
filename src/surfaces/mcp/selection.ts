import type { AnyOperation, ToolSpec } from '../../core/operation.ts'
import { isSwitchedOn, parseNames } from '../../core/setting-text.ts'
import { EXCLUDE_TOOLS_HEADER, READ_ONLY_HEADER, TOOLS_HEADER, TOOLSETS_HEADER } from '../../core/wire.ts'

/** A tool, as far as it is chosen by it. */
interface Choosable {
  readonly operation: AnyOperation
  readonly spec: ToolSpec
}

/** The toolset of the tools that every server offers unless its owner says otherwise. */
const CORE_TOOLSET = 'core'
/** Stands for every toolset there is. */
const ALL_TOOLSETS = 'all'

/** Which tools a server offers, as its owner wants it. */
export interface ToolChoice {
  /** Only tools that change nothing; wins over everything else. */
  readonly readOnly: boolean
  /** Without these and `tools` it is the core. */
  readonly toolsets: readonly string[]
  /** By name, beside those of the toolsets. */
  readonly tools: readonly string[]
  /** By name; wins over the two before. */
  readonly excludeTools: readonly string[]
}

/** What holds when nobody has said anything: the core. */
export const standardChoice: ToolChoice = { readOnly: false, toolsets: [], tools: [], excludeTools: [] }

/** What a caller over HTTP wants, as its headers say. */
export function readChoice(headers: Headers): ToolChoice {
  const names = (header: string) => parseNames(headers.get(header) ?? '')
  return {
    readOnly: isSwitchedOn(headers.get(READ_ONLY_HEADER) ?? ''),
    toolsets: names(TOOLSETS_HEADER),
    tools: names(TOOLS_HEADER),
    excludeTools: names(EXCLUDE_TOOLS_HEADER),
  }
}

/**
 * The names of the tools that are offered.
 *
 * @param owner What the owner of the server wants.
 * @param caller What one caller wants of that. It can leave tools out and, where the owner named none, take other
 * toolsets; never more than the owner named.
 */
export function chooseTools(
  all: readonly Choosable[],
  owner: ToolChoice,
  caller = standardChoice,
): ReadonlySet<string> {
  const wanted = namesTools(caller) ? caller : owner
  const excluded = [...owner.excludeTools, ...caller.excludeTools]
  const chosen = all.filter(
    ({ operation, spec }) =>
      isNamed(spec, wanted) &&
      (!namesTools(owner) || isNamed(spec, owner)) &&
      !excluded.includes(spec.name) &&
      !((owner.readOnly || caller.readOnly) && operation.effect === 'write'),
  )
  return new Set(chosen.map(({ spec }) => spec.name))
}

/** The names that are of no tool and no toolset, each as a sentence for the server's owner. */
export function findUnknownNames(all: readonly Choosable[], { toolsets, tools, excludeTools }: ToolChoice): string[] {
  const names = new Set(all.map(({ spec }) => spec.name))
  const sets = new Set([ALL_TOOLSETS, ...all.map(({ spec }) => toolsetOf(spec))])
  const unknownTools = [...new Set([...tools, ...excludeTools])].filter((name) => !names.has(name))
  return [
    ...toolsets.filter((name) => !sets.has(name)).map((name) => describe('toolset', name, sets)),
    ...unknownTools.map((name) => describe('tool', name, names)),
  ]
}

export function toolsetOf({ toolset = CORE_TOOLSET }: ToolSpec): string {
  return toolset
}

function isNamed(spec: ToolSpec, choice: ToolChoice): boolean {
  if (!namesTools(choice)) return toolsetOf(spec) === CORE_TOOLSET
  const { toolsets, tools } = choice
  return toolsets.includes(ALL_TOOLSETS) || toolsets.includes(toolsetOf(spec)) || tools.includes(spec.name)
}

function namesTools({ toolsets, tools }: ToolChoice): boolean {
  return toolsets.length > 0 || tools.length > 0
}

function describe(kind: string, name: string, known: Iterable<string>): string {
  return `there is no ${kind} ${JSON.stringify(name)}; known: ${[...known].join(', ')}`
}
