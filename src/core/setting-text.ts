/** Names, separated by commas, as settings and headers list them. */
export function parseNames(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}

/**
 * The secrets that a text of `BUS_WRITE_SECRET` names: one, or two separated by a comma while an old one is replaced, the new
 * one first. A secret of before that has a comma in it is right as a whole, too.
 */
export function listSecrets(text: string): string[] {
  const parts = text.split(',')
  return parts.length === 1 ? parts : [...parts, text]
}

/** Whether a text switches something on that protects: only what plainly says no is no. */
export function isSwitchedOn(text: string): boolean {
  return !['', '0', 'false', 'no', 'off'].includes(text.trim().toLowerCase())
}
