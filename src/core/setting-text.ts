/** Names, separated by commas, as settings and headers list them. */
export function parseNames(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}

/** Whether a text switches something on that protects: only what plainly says no is no. */
export function isSwitchedOn(text: string): boolean {
  return !['', '0', 'false', 'no', 'off'].includes(text.trim().toLowerCase())
}
