/**
 * Whether a statement's text names the table: one that does not neither sees nor changes it. Looked for once a text, of which
 * there are few, since values are never part of one.
 */
export function createNaming(table: string): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    let isNamed = known.get(text)
    if (isNamed === undefined) {
      isNamed = text.includes(table)
      known.set(text, isNamed)
    }
    return isNamed
  }
}
