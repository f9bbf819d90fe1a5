import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AppError } from '../../core/errors.ts'

/** What is known of a request while it is answered. */
export interface Exchange {
  readonly requestId: string
  readonly method: string
  /** The template, as in `/api/bus/lanes/{lane}/claim`; `none` until it is found, and where there is none. */
  readonly route: string
  /** It was asked to wait, or is a stream: how long it takes says nothing of the bus. */
  readonly waited: boolean
  /** What it was refused with. */
  readonly refusal: AppError | undefined
}

/** How it came out. */
export interface Outcome {
  readonly status: number
  readonly seconds: number
  /** The caller had gone before it had the whole answer. */
  readonly isAbandoned: boolean
}

/** Watches requests: for the log, for figures, for traces. */
export interface RequestObserver {
  began?(): void
  ended?(exchange: Exchange, outcome: Outcome): void
  /** Runs what answers a request, whose promise resolves with the status when the answer stands, and never rejects. */
  around?(request: IncomingMessage, exchange: Exchange, answer: () => Promise<number>): Promise<number>
}

/** Watches a request from here to its end. */
export type Observe = (
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  answer: () => Promise<void>,
) => void

export function createObserving(observers: readonly RequestObserver[]): Observe {
  const began = observers.flatMap((observer) => observer.began ?? [])
  const ended = observers.flatMap((observer) => observer.ended ?? [])
  // A trace; there is no second one.
  const around = observers.find((observer) => observer.around)?.around
  return (request, response, exchange, answer) => {
    const beganAt = performance.now()
    for (const tell of began) tell()
    if (ended.length > 0) {
      response.on('close', () => {
        const outcome = {
          status: response.statusCode,
          seconds: (performance.now() - beganAt) / 1000,
          isAbandoned: !response.writableFinished,
        }
        for (const tell of ended) tell(exchange, outcome)
      })
    }
    const answerIt = async () => {
      await answer()
      return response.statusCode
    }
    void (around ? around(request, exchange, answerIt) : answerIt())
  }
}
