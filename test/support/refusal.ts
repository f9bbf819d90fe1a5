import { BusApiError } from '../../src/client/index.ts'

export interface Refused {
  readonly status: number
  /** The body's `detail`. */
  readonly text: string
  readonly code: string | undefined
  readonly body: BusApiError['body']
}

/** What a call is refused with; fails when it is not refused by the bus. */
export async function refusalOf(call: Promise<unknown>): Promise<Refused> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof BusApiError)) throw error
    const { statusCode, body } = error
    return { status: statusCode, text: body.detail, code: body.code, body }
  }
  throw new Error('the call was not refused')
}
