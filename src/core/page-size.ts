/** The longest text that is taken, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 65_536

/**
 * The long texts of one page together, in bytes: one of the largest that may be asked for would be 32 MB, which is made in one
 * piece, while nobody else is served, and is held for as long as its caller takes to read it.
 */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** So many entries fit a page, however long their texts are. */
export const ALWAYS_FIT = MAX_PAGE_BYTES / MAX_TEXT_BYTES

/**
 * How many entries go on one page, counted from the first.
 *
 * @param sizes Of their texts, in bytes.
 */
export function countFitting(sizes: Iterable<number>): number {
  let bytes = 0
  let count = 0
  for (const size of sizes) {
    bytes += size
    if (bytes > MAX_PAGE_BYTES) break
    count += 1
  }
  return count
}
