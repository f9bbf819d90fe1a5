/** As in `1 steal` and `2 steals`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** How often something happened, behind what happened: nothing for once, as in `, 3 times`. */
export function formatTimes(count: number): string {
  return count === 1 ? '' : `, ${count} times`
}
