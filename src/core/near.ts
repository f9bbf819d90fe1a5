/** How many letters of a name may be wrong. */
const MAX_EDITS = 2

/** The known name that a name was most likely meant to be; undefined when it is near to none, and when it is one itself. */
export function findNear(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined
  const near = known
    .map((other) => ({ other, edits: countEdits(name, other) }))
    // Of a short name most of the letters must be right.
    .filter(({ other, edits }) => edits <= Math.min(MAX_EDITS, Math.floor(other.length / 3)))
  near.sort((one, other) => one.edits - other.edits)
  return near[0]?.other
}

/** How many letters must be changed, added or taken out of one to get the other (Levenshtein's distance). */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [done, letter] of [...from].entries()) {
    const next = [done + 1]
    for (const [index, other] of [...to].entries()) {
      const kept = (row[index] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(kept, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
