/** Marks of direction and of no width, which make one name look like another, as what they are. */
export function showMarks(text: string): string {
  return text.replace(
    /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16)}`,
  )
}

/** As in `1 steal` and `2 steals`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** How often something happened, behind what happened: nothing for once, as in `, 3 times`. */
export function formatTimes(count: number): string {
  return count === 1 ? '' : `, ${count} times`
}
