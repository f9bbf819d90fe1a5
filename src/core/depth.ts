/** How deep what a caller sends may nest. No field of ours nests more than a list. */
export const MAX_DEPTH = 32

/** Gives up one level past `depth`, so that nothing can exhaust the stack. */
export function nestsDeeper(value: unknown, depth: number = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => nestsDeeper(inner, depth - 1))
}
