export interface TransportRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  /** Where to connect instead of the host of the URL: a Unix socket, or a named pipe of Windows. */
  readonly socketPath?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface TransportAnswer {
  readonly status: number
  readonly contentType: string
  /** What the other side calls itself; empty when it does not. */
  readonly server: string
  readonly text: string
}

/** No answer came. The cause is the system's error. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly reason: string
  /** Whether the request may have reached the other side. */
  readonly sent: boolean

  constructor(reason: string, sent: boolean, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
    this.sent = sent
  }
}

/** One HTTP exchange. @throws {TransportError} */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>
