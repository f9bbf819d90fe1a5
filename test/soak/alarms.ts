/** Which promise was broken. */
export type AlarmKind =
  | 'two holders'
  | 'fence'
  | 'went back'
  | 'refusal'
  | 'lost message'
  | 'doubled message'
  | 'gap'
  | 'order'
  | 'fault of the bus'
  | 'no answer'
  | 'files'

export interface Alarm {
  readonly kind: AlarmKind
  /** What was seen, without the texts of any message. */
  readonly text: string
}

export type Raise = (kind: AlarmKind, text: string) => void

/** More than so many say nothing new, and the first ones say the most. */
const MAX_KEPT = 200

export interface Alarms {
  readonly raise: Raise
  readonly first: readonly Alarm[]
  count(): number
}

/** @param tell Is told of each of the first ones at once. */
export function createAlarms(tell: (alarm: Alarm) => void = () => {}): Alarms {
  const first: Alarm[] = []
  let count = 0
  return {
    first,
    count: () => count,
    raise: (kind, text) => {
      count += 1
      if (first.length >= MAX_KEPT) return
      const alarm = { kind, text }
      first.push(alarm)
      tell(alarm)
    },
  }
}
