/** Takes two columns of a terminal: East Asian wide and full-width characters, and most emoji. */
const WIDE =
  /[\u1100-\u115f\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Takes none: marks on the character before, and what only joins or directs others. */
const NO_COLUMN = /[\p{M}\p{Cf}]/u

/** How many columns of a terminal the text takes; near enough, for terminals differ. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** The text in at most so many columns; what is cut off leaves a `…`. */
export function cutTo(width: number, text: string): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  let shown = ''
  let left = width - 1
  for (const character of text) {
    left -= widthOfCharacter(character)
    if (left < 0) break
    shown += character
  }
  return `${shown}…`
}

/** The text in exactly so many columns. */
export function fitTo(width: number, text: string): string {
  const shown = cutTo(width, text)
  return shown + ' '.repeat(Math.max(0, width - widthOf(shown)))
}

function widthOfCharacter(character: string): number {
  if (NO_COLUMN.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
