import type { TransportAnswer, TransportRequest } from '../../src/client/index.ts'
import type { Raise } from './alarms.ts'
import type { Disturbances } from './disturbances.ts'

/** What was seen of single requests, since it was last taken. */
export interface Window {
  readonly calls: number
  /** Of those that do not wait, and that nothing was in the way of; in milliseconds, in order. */
  readonly times: readonly number[]
  readonly refusals: ReadonlyMap<string, number>
}

export interface Observations {
  answered(request: TransportRequest, answer: TransportAnswer, startedAt: number): void
  take(): Window
}

/** Looks at every answer, whoever asked: how long it took, and whether a refusal is one that may be. */
export function createObservations(raise: Raise, disturbances: Disturbances): Observations {
  let calls = 0
  let times: number[] = []
  let refusals = new Map<string, number>()
  return {
    answered: (request, answer, startedAt) => {
      const endedAt = performance.now()
      calls += 1
      if (!waits(request) && !disturbances.touch(startedAt, endedAt)) times.push(endedAt - startedAt)
      if (answer.status === 200) return
      const body = parse(answer.text)
      const code = typeof body.code === 'string' ? body.code : `status ${answer.status}`
      refusals.set(code, (refusals.get(code) ?? 0) + 1)
      const isUnderstandable = disturbances.touch(startedAt, endedAt, ['disk full', 'killed'])
      const breach = findBreach(request, answer.status, body, isUnderstandable)
      if (breach !== undefined) raise('refusal', `${request.method} ${request.url.pathname}: ${breach}`)
    },
    take: () => {
      const window = { calls, times: times.sort((one, other) => one - other), refusals }
      calls = 0
      times = []
      refusals = new Map()
      return window
    },
  }
}

function waits({ url, body }: TransportRequest): boolean {
  return url.search.includes('wait_s=') || (body?.includes('"wait_s"') ?? false)
}

/** What is wrong with a refusal; undefined when it is as it must be. */
export function findBreach(
  { url }: Pick<TransportRequest, 'url'>,
  status: number,
  body: Readonly<Record<string, unknown>>,
  isDisturbed: boolean,
): string | undefined {
  const { code, detail, request_id } = body
  if (typeof code !== 'string' || typeof detail !== 'string' || typeof request_id !== 'string') {
    return `${status} without a code, a detail or a request id`
  }
  if (status === 503) return isDisturbed ? undefined : `503 ${code}, and nothing was in the way`
  if (status >= 500 || status === 429) return `${status} ${code}`
  if (status !== 409) return undefined
  const [, named] = /\/lanes\/([^/]+)\/\w+$/.exec(url.pathname) ?? []
  const { lane, lanes } = body
  if (code === 'lanes_held') return isList(lanes) ? undefined : `409 ${code} without the lanes`
  const name = typeof lane === 'object' && lane !== null && 'name' in lane ? lane.name : undefined
  if (typeof name !== 'string') return `409 ${code} without the lane`
  return named === undefined || named === name ? undefined : `409 ${code} with lane ${name}`
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}

function parse(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}
