/** How many colours the style sheet has for owners. */
export const COLOURS = 10

/** The number of an owner's colour: the same on every page and every day. Names tell owners apart, colours only help. */
export function toColour(owner: string): number {
  let hash = 0
  for (const character of owner) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return hash % COLOURS
}
