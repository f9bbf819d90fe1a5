import { describe, expect, it, onTestFinished } from 'vitest'
import { answerWith, startFakeServer } from '../../test/support/fake-server.ts'
import { createBusClient, keepLane, toHeldLane } from './index.ts'

const claim = { lane: 'feeds', owner: 'planner', session: 'first', lease_s: 90 }
const LEASE_S = 3

/** A lane that is kept on a server which answers its renewals in turn: with a status, or never; with 200 after the last. */
async function keepOn(answers: readonly (number | 'never')[], { agoMs = 0, leaseSeconds = LEASE_S } = {}) {
  const bodies: unknown[] = []
  let onAsked = () => {}
  const { baseUrl } = await startFakeServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = answers[bodies.length] ?? 200
    bodies.push(JSON.parse(text))
    if (answer !== 'never')
      answerWith(answer, JSON.stringify({ ok: true, detail: `answered with ${answer}` }))(request, response)
    onAsked()
  })
  const held = { lane: 'feeds', owner: 'planner', session: 'first', fence: 7, leaseSeconds }
  let stop = () => {}
  const lost = new Promise<string>((resolve) => {
    stop = keepLane(createBusClient({ baseUrl }), { ...held, askedAt: performance.now() - agoMs }, resolve)
  })
  onTestFinished(() => stop())
  const asked = (count: number) =>
    new Promise<void>((resolve) => {
      onAsked = () => bodies.length >= count && resolve()
      onAsked()
    })
  return { bodies, lost, asked, stop }
}

describe('keepLane', () => {
  it('renews as the holder that claimed, by its fence', async () => {
    const { bodies, asked } = await keepOn([])
    await asked(2)
    const renewal = { owner: 'planner', session: 'first', fence: 7, lease_s: LEASE_S }
    expect(bodies).toEqual([renewal, renewal])
  })

  it('gives the lane up at the first conflict, in the words of the bus, and asks no more', async () => {
    const { bodies, lost } = await keepOn([409])
    expect(await lost).toBe('answered with 409')
    expect(bodies).toHaveLength(1)
  })

  it('asks a bus that refuses for another reason again, while the lane is surely held', async () => {
    const { lost, asked } = await keepOn([503, 200], { leaseSeconds: 6 })
    const outcome = await Promise.race([lost, asked(3).then(() => 'kept')])
    expect(outcome).toBe('kept')
  })

  it('gives the lane up when the bus has refused for so long that the lease may be over', async () => {
    const { bodies, lost } = await keepOn(Array(99).fill(503))
    expect(await lost).toBe('answered with 503')
    expect(bodies.length).toBeGreaterThan(1)
  })

  it('does not wait for a bus that hangs for longer than the lane is surely held', async () => {
    const { lost } = await keepOn(Array(99).fill('never'))
    expect(await lost).toBe('the bus did not answer in time')
  })

  it('renews at once what was granted after a long wait', async () => {
    const late = await keepOn([], { leaseSeconds: 3600, agoMs: 1_300_000 })
    await late.asked(1)
  })

  it('lets a lease be that is longer than any timer', async () => {
    const leaseSeconds = 3_155_760_000
    const century = await keepOn([], { leaseSeconds, agoMs: leaseSeconds * 500 })
    await century.asked(1)
    const other = await keepOn([], { leaseSeconds: 3600, agoMs: 1_300_000 })
    await other.asked(1)
    expect(century.bodies).toHaveLength(1)
  })
})

describe('toHeldLane', () => {
  it('takes the lease that was granted, and the fence', () => {
    const answer = { ok: true, lane: { name: 'feeds', fence: 7 }, lease_s: 60, clamped: true }
    const { lease_s: _, ...holder } = claim
    expect(toHeldLane(claim, answer, 5)).toEqual({ ...holder, fence: 7, leaseSeconds: 60, askedAt: 5 })
  })

  it('does without what an old bus does not say', () => {
    const answer = { ok: true, lane: { lane: 'feeds', owner: 'planner' } }
    expect(toHeldLane(claim, answer, 5)).toMatchObject({ fence: undefined, leaseSeconds: 90 })
    expect(toHeldLane({ lane: 'feeds', owner: 'planner' }, {}, 5)).toMatchObject({
      session: undefined,
      leaseSeconds: 0,
    })
  })
})
