import type { Ratio } from './question.ts'

/** How much worse a ratio may be than it was, before it is told. */
export const TOLERANCE = 0.25

/**
 * The ratios that got worse than the recorded ones by more than the tolerance, a line each. Only what was held against a
 * floor of its own run is compared: absolute figures say more of the machine than of us.
 */
export function findRegressions(ratios: readonly Ratio[], recorded: readonly Ratio[]): string[] {
  return ratios.flatMap(({ name, value, unit, better }) => {
    const before = recorded.find((one) => one.name === name)?.value
    if (unit !== '×' || before === undefined) return []
    const worse = better === 'higher' ? before / value - 1 : value / before - 1
    if (worse <= TOLERANCE) return []
    return [`${name} is ${value.toPrecision(3)}, recorded is ${before.toPrecision(3)}: worse by ${toPercent(worse)}`]
  })
}

function toPercent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : 'all of it'
}
