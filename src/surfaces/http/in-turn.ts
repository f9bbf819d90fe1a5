import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * How many requests of one connection may wait for the answers before them: an answer may take a minute or never end, and what
 * waits for it costs kilobytes each, which the limit of the rate does not see. Hardly any client sends two at once.
 */
const MAX_WAITING = 64

interface Line {
  newest: ServerResponse | undefined
  /** How many have not begun. */
  waiting: number
}

/**
 * Begins with a connection's next request when the answer to the one before is gone: whoever sends many at once, and reads
 * none of the answers, has one answer made and no more. Whoever has more wait than may is cut off.
 */
export function inTurn(answer: Listener): Listener {
  const lines = new WeakMap<Socket, Line>()
  return (request, response) => {
    const { socket } = request
    const line = lines.get(socket) ?? { newest: undefined, waiting: 0 }
    lines.set(socket, line)
    const before = line.newest
    line.newest = response
    if (before === undefined || before.closed || before.writableFinished) return answer(request, response)
    line.waiting += 1
    if (line.waiting > MAX_WAITING) return void socket.destroy()
    before.on('close', () => {
      line.waiting -= 1
      if (!socket.destroyed) answer(request, response)
    })
  }
}
