/**
 * The generated files that differ from what would be generated now.
 *
 * @param read Gives the text of a path from the root; undefined when there is no such file.
 */
export function findStale(rendered: ReadonlyMap<string, string>, read: (path: string) => string | undefined): string[] {
  return [...rendered].flatMap(([path, text]) => {
    const found = read(path)
    if (found === undefined) return [`${path} is missing`]
    return found === text ? [] : [`${path} is stale`]
  })
}
