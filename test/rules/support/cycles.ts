import { listImports } from './imports.ts'
import type { SourceFile } from './tree.ts'

type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** Every way in which files import one another in a circle, as `a.ts -> b.ts -> a.ts`. */
export function findFileCycles(files: readonly SourceFile[]): string[] {
  return findCycles(toGraph(files, (path) => path))
}

/** Every way in which capabilities depend on one another in a circle, as `lanes -> status -> lanes`. */
export function findCapabilityCycles(files: readonly SourceFile[]): string[] {
  return findCycles(toGraph(files, (path) => /^src\/capabilities\/([^/]+)\//.exec(path)?.[1]))
}

/** Who imports whom, by the name that `nameOf` gives a path; a path without a name takes no part. */
function toGraph(files: readonly SourceFile[], nameOf: (path: string) => string | undefined): Graph {
  const graph = new Map<string, Set<string>>()
  for (const { from, to } of files.flatMap(listImports)) {
    const source = nameOf(from)
    const target = nameOf(to)
    if (source === undefined || target === undefined) continue
    // A part does not depend on itself when its own files import one another.
    if (source === target && from !== to) continue
    graph.set(source, (graph.get(source) ?? new Set()).add(target))
  }
  return graph
}

function findCycles(graph: Graph): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (name: string, trail: readonly string[]) => {
    const start = trail.indexOf(name)
    if (start >= 0) cycles.push([...trail.slice(start), name].join(' -> '))
    if (start >= 0 || done.has(name)) return
    for (const next of graph.get(name) ?? []) visit(next, [...trail, name])
    done.add(name)
  }
  for (const name of graph.keys()) visit(name, [])
  return cycles
}
