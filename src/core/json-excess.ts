import { MAX_DEPTH } from './depth.ts'

/** Far more than any request of ours has. */
const MAX_VALUES = 10_000

/** A smaller text is read within a millisecond, whatever is in it. */
const LEAST_BYTES = 16 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/**
 * Says what makes a text of JSON dear to parse, before it is parsed: a megabyte of brackets takes a tenth of a second, in which
 * nobody else is served. Texts inside it cost nothing, however long.
 *
 * @returns As in `nests more than 32 deep`; undefined when it may be parsed, which is all that is said of it.
 */
export function findJsonExcess(bytes: Uint8Array): string | undefined {
  if (bytes.length < LEAST_BYTES) return undefined
  let depth = 0
  let values = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = findEndOfText(bytes, at)
      if (at === -1) return undefined
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      values += 1
      if (depth > MAX_DEPTH) return `nests more than ${MAX_DEPTH} deep`
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1
    else if (byte === COMMA) values += 1
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values`
  }
  return undefined
}

/** Where the quote is that ends the text which begins at a quote; -1 when there is none. */
function findEndOfText(bytes: Uint8Array, begin: number): number {
  for (let end = bytes.indexOf(QUOTE, begin + 1); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let first = end
    while (bytes[first - 1] === BACKSLASH) first -= 1
    // Two of them are one of the text, and leave the quote as it is.
    if ((end - first) % 2 === 0) return end
  }
  return -1
}
