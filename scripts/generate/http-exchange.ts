import { claim } from '../../src/capabilities/lanes/contract.ts'
import { AppError } from '../../src/core/errors.ts'
import { API_BASE_PATH } from '../../src/core/wire.ts'
import { block } from './markdown.ts'

const lane = {
  name: 'feeds-refactor',
  state: 'held',
  owner: 'planner',
  note: null,
  fence: 1,
  rev: 1,
  claimed_at: '2026-01-31T12:00:00.000Z',
  renewed_at: '2026-01-31T12:00:00.000Z',
  expires_at: '2026-01-31T12:02:00.000Z',
  expires_in_ms: 120_000,
  waiters: 0,
  lease_s: 120,
  last_owner: null,
  last_fence: null,
  last_end: null,
} as const

/** One claim that is granted and one that is refused, as they travel. Fails when the contract no longer fits them. */
export function renderExchange(): string[] {
  const request = `POST ${API_BASE_PATH}/lanes/feeds-refactor/claim HTTP/1.1\nContent-Type: application/json`
  const granted = claim.output.parse({ ok: true, decision: 'claim', lane, lease_s: 120 })
  const details = claim.errors.lane_held.details.parse({
    lane: { ...lane, expires_in_ms: 97_000 },
    retry_after_ms: 97_000,
  })
  const message = `lane 'feeds-refactor' held by 'planner' (lease 97s remaining)`
  const refused = new AppError(claim.errors.lane_held.kind, 'lane_held', message, details)
  return [
    'The planner claims a lane for two minutes:',
    block('http', `${request}\n\n{"owner": "planner", "lease_s": 120}`),
    'It gets 200:',
    block('json', show(granted)),
    `The builder asks 23 seconds later for the same lane, and gets ${refused.status} with that lane:`,
    block('json', show(refused.toBody('6a1d1b3e-5c0e-4b5e-9d3c-0f6a3c1f7a52'), ['lane'])),
  ]
}

function show(body: object, shorten: readonly string[] = []): string {
  return JSON.stringify(body, (name, value: unknown) => (shorten.includes(name) ? '…' : value), 2)
}
