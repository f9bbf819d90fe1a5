/** What of a terminal's input and output a screen uses; `process.stdin` and `process.stdout` have it. */
export interface ScreenInput {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (data: Buffer | string) => void): unknown
  off(event: 'data', listener: (data: Buffer | string) => void): unknown
  resume(): unknown
  pause(): unknown
}

export interface ScreenOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** A whole terminal for ourselves, given back as it was. */
export interface Screen {
  readonly width: number
  readonly height: number
  /** Shows these lines, and nothing else. */
  draw(frame: string): void
  /** Gives the terminal back. A second call does nothing. */
  leave(): void
}

export interface ScreenEvents {
  onKey(key: string): void
  onResize(): void
}

/** The other screen, without a cursor, and without going on in the next line where one is too long. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const ERASE_LINE = '\u001b[2K'
const ERASE_BELOW = '\u001b[J'

const STANDARD_WIDTH = 80
const STANDARD_HEIGHT = 24

/** The columns of an output that may be no terminal. */
export function widthOfOutput({ columns }: ScreenOutput, otherwise: number): number {
  return columns !== undefined && columns > 0 ? columns : otherwise
}

/** Takes the terminal over until {@link Screen.leave}. */
export function enterScreen(input: ScreenInput, output: ScreenOutput, { onKey, onResize }: ScreenEvents): Screen {
  const hear = (data: Buffer | string) => {
    for (const key of String(data)) onKey(key)
  }
  const hasKeys = input.isTTY === true
  if (hasKeys) {
    // Keys come one by one, and Ctrl-C as a key.
    input.setRawMode?.(true)
    input.on('data', hear)
    input.resume()
  }
  output.on('resize', onResize)
  output.write(ENTER)
  let isLeft = false
  return {
    get width() {
      return widthOfOutput(output, STANDARD_WIDTH)
    },
    get height() {
      return output.rows !== undefined && output.rows > 0 ? output.rows : STANDARD_HEIGHT
    },
    draw: (frame) => {
      // Before the text: after it, in a line that is full, the last character would go.
      const lines = frame.split('\n').map((line) => `${ERASE_LINE}${line}`)
      // In one piece and over the old one, so that nothing flickers.
      output.write(`${HOME}${lines.join('\r\n')}${ERASE_BELOW}`)
    },
    leave: () => {
      if (isLeft) return
      isLeft = true
      output.off('resize', onResize)
      if (hasKeys) {
        input.off('data', hear)
        input.setRawMode?.(false)
        input.pause()
      }
      output.write(LEAVE)
    },
  }
}
