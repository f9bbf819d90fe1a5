import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError, type BusClient, BusUnreachable, hideCredentials } from '../../client/index.ts'
import { enterScreen, type Screen, type ScreenInput, type ScreenOutput, widthOfOutput } from './screen.ts'
import { renderFrame } from './top-frame.ts'
import { createSnapshotReader, type Snapshot } from './top-snapshot.ts'

export interface TopOptions {
  readonly client: BusClient
  readonly baseUrl: string
  readonly everyMs: number
  /** One frame, and the end. So it is also where nobody can look at a second one. */
  readonly isOnce: boolean
  readonly input: ScreenInput
  readonly output: ScreenOutput
  /** The terminal can move its cursor. */
  readonly isCapable: boolean
  /** Nobody asked for a terminal without colours. */
  readonly mayColour: boolean
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Where the lines have no end of their own. */
const PRINTED_WIDTH = 120

/** An answer that takes so much longer than the time between two is told. */
const SLOW_MS = 3_000

const CTRL_C = '\u0003'

/** Wall time that is set by nobody while this runs. */
const ourClock = () => Math.floor(performance.timeOrigin + performance.now())

/** What is known of the bus, and since when. */
interface View {
  snapshot: Snapshot
  /** When it came, in milliseconds of `performance.now()`. */
  takenAt: number
  /** Why there is none newer. */
  problem: string | undefined
}

/**
 * Shows the bus on one page, again and again until `q`, Ctrl-C or the signal. A bus that goes away is awaited.
 *
 * @throws {BusUnreachable} When there is none at the beginning.
 * @throws {BusApiError}
 */
export async function top(options: TopOptions): Promise<void> {
  const { client, output, isOnce, isCapable, signal } = options
  const read = createSnapshotReader(client, ourClock)
  const first = await read(signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  if (!first) return
  const view: View = { snapshot: first, takenAt: performance.now(), problem: undefined }
  const isInteractive = output.isTTY === true && isCapable && !isOnce
  if (isInteractive) return showUntilEnded(options, read, view)
  output.write(`${render(options, view, { width: widthOfOutput(output, PRINTED_WIDTH) })}\n`)
}

async function showUntilEnded(
  options: TopOptions,
  read: (signal: AbortSignal) => Promise<Snapshot>,
  view: View,
): Promise<void> {
  const { input, output, everyMs } = options
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  options.signal.addEventListener('abort', leave)
  const draw = () => screen.draw(render(options, view, screen))
  const screen = enterScreen(input, output, {
    onKey: (key) => {
      if (key === 'q' || key === 'Q' || key === CTRL_C) leave()
    },
    onResize: () => draw(),
  })
  const redrawing = setInterval(draw, everyMs)
  try {
    draw()
    await readAgainAndAgain(read, view, everyMs, draw, leaving.signal)
  } finally {
    clearInterval(redrawing)
    options.signal.removeEventListener('abort', leave)
    screen.leave()
  }
}

async function readAgainAndAgain(
  read: (signal: AbortSignal) => Promise<Snapshot>,
  view: View,
  everyMs: number,
  draw: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      Object.assign(view, { snapshot: await read(signal), takenAt: performance.now(), problem: undefined })
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof BusUnreachable) && !(error instanceof BusApiError)) throw error
      view.problem = error instanceof BusUnreachable ? error.reason : error.message
    }
    draw()
  }
}

function render(
  { baseUrl, everyMs, mayColour, output }: TopOptions,
  { snapshot, takenAt, problem }: View,
  size: Pick<Screen, 'width'> & Partial<Pick<Screen, 'height'>>,
): string {
  const ageMs = performance.now() - takenAt
  const isSlow = ageMs > everyMs + SLOW_MS
  return renderFrame(snapshot, {
    width: size.width,
    height: size.height,
    now: snapshot.now + Math.floor(ageMs),
    hasColours: mayColour && output.isTTY === true,
    place: hideCredentials(baseUrl),
    problem: problem ?? (isSlow ? 'no answer yet' : undefined),
    footer: size.height === undefined ? undefined : `q ends · every ${everyMs / 1000} s`,
  })
}
