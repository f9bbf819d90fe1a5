import { type Expected, findLane, isCurrent, type Model, refuse, view } from './model.ts'

/** A write, as whoever asks for it again after a lost answer repeats it. */
export interface Asked {
  readonly id: string
  readonly input: object
  readonly key: string
  readonly rule: (model: Model) => Expected
}

/** What is kept of a write under its key. */
export interface Kept {
  readonly request: string
  readonly answer: Expected
}

/**
 * What a write under a key answers. The first time it is made; then the same request gets the same answer and changes
 * nothing, and any other request is refused. Of a refused write nothing is kept.
 */
export function writeOnce(model: Model, { id, input, key, rule }: Asked): Expected {
  const request = JSON.stringify([id, input])
  const kept = model.kept.get(key)
  if (!kept) {
    const answer = rule(model)
    if (answer.status === 200) model.kept.set(key, { request, answer })
    return answer
  }
  if (kept.request !== request) return { status: 422, body: { code: 'idempotency_key_reused' } }
  switch (id) {
    case 'lanes.claim':
    case 'lanes.heartbeat':
      return confirm(model, kept.answer)
    case 'lanes.claimAll':
      return confirmAll(model, kept.answer)
    default:
      return kept.answer
  }
}

/** A tenure that was granted is shown as it stands now, or refused when it is over. */
function confirm(model: Model, { status, body }: Expected): Expected {
  const { name, fence } = body.lane as { name: string; fence: number } // As the rule of the grant made it.
  const lane = findLane(model, name)
  if (!isCurrent(model, lane, fence)) return refuse(model, name, lane, 'lease_lost')
  return { status, body: { ...body, lane: view(model, name, lane) } }
}

function confirmAll(model: Model, { status, body }: Expected): Expected {
  const grants = body.lanes as Expected['body'][] // As the rule of the grant made it.
  const confirmed = grants.map((grant) => confirm(model, { status, body: grant }))
  const lost = confirmed.find((answer) => answer.status !== status)
  return lost ?? { status, body: { ...body, lanes: confirmed.map((answer) => answer.body) } }
}
