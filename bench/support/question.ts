/** What a question is, and what an answer to it looks like; all that is printed, recorded and compared is data of these shapes. */

/** How long a run may take. */
export interface Budget {
  /** How often every contender has its turn, after one turn that only warms up. */
  readonly rounds: number
  /** How long each contender runs in each round. */
  readonly seconds: number
  readonly isFull: boolean
}

export type Unit = '/s' | 'ms' | 'MiB' | 'KiB' | '×' | ''

/** What was measured of one contender: the median with the lowest and the highest, over rounds or over single calls. */
export interface Figure {
  readonly name: string
  readonly unit: Unit
  readonly median: number
  readonly lowest: number
  readonly highest: number
  /** How long one call took; of rates the medians over the rounds. */
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly p999Ms?: number
}

/** Figures that were measured side by side. */
export interface Section {
  readonly title: string
  /** What the sections of one question differ in, where that is a number: for the plots. */
  readonly scale?: { readonly of: 'callers' | 'messages'; readonly value: number }
  readonly figures: readonly Figure[]
}

/** One figure held against another, or against what was promised. */
export interface Ratio {
  readonly name: string
  readonly value: number
  /** `×` for the ratio of two figures of the same run, which alone can be compared with another run's. */
  readonly unit: Unit
  readonly better: 'higher' | 'lower'
}

export interface Answer {
  readonly sections: readonly Section[]
  readonly ratios: readonly Ratio[]
  /** What a reader must know beside the figures: what was left out, and why. */
  readonly notes?: readonly string[]
}

/** What is wanted of a ratio. */
export interface Target {
  /** Of the ratio. */
  readonly name: string
  /** The same in words, for the page. */
  readonly says: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** What each file of bench/ exports. */
export interface Question {
  /** The question, as a sentence. */
  readonly asks: string
  /** What is wanted, by the names of ratios. */
  readonly targets: readonly Target[]
  run(budget: Budget): Promise<Answer>
}

/** A ratio of which more is better, as of a rate. */
export function rate(name: string, value: number, unit: Unit = '×'): Ratio {
  return { name, value, unit, better: 'higher' }
}

/** A ratio of which less is better, as of a time. */
export function cost(name: string, value: number, unit: Unit = '×'): Ratio {
  return { name, value, unit, better: 'lower' }
}

/** Whether a ratio is what was wanted of it. */
export function isMet({ value }: Ratio, { atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return value >= atLeast && value <= atMost
}

/** As in `at least 0.6 ×`. */
export function describeTarget({ atLeast, atMost }: Target, unit: Unit): string {
  return atLeast === undefined ? `at most ${atMost} ${unit}` : `at least ${atLeast} ${unit}`
}
