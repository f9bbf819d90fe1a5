import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Begins with a connection's next request when the answer to the one before is gone: whoever sends many at once, and reads
 * none of the answers, has one answer made and no more.
 */
export function inTurn(answer: Listener): Listener {
  const newest = new WeakMap<Socket, ServerResponse>()
  return (request, response) => {
    const { socket } = request
    const before = newest.get(socket)
    newest.set(socket, response)
    if (before === undefined || before.closed || before.writableFinished) return answer(request, response)
    before.on('close', () => {
      if (!socket.destroyed) answer(request, response)
    })
  }
}
