import { describe, expect, it } from 'vitest'
import { fillAdvice, writeCall } from './advice.ts'

describe('a call as it is written', () => {
  it('names what was given, and repeats no long text', () => {
    expect(writeCall('get_bus_status', {})).toBe('get_bus_status()')
    expect(writeCall('claim_lane', { lane: 'feeds', wait_s: 55, note: undefined })).toBe(
      'claim_lane(lane="feeds", wait_s=55)',
    )
    expect(writeCall('post_message', { body: 'x'.repeat(81), action_flag: true })).toBe(
      'post_message(body="…", action_flag=true)',
    )
  })
})

describe('advice', () => {
  const again = 'heartbeat_lane(lane="feeds")'

  it('takes values from the refusal before those of the call', () => {
    const advice = 'claim_lane(lane={lane.name}, wait_s=55) to wait'
    expect(fillAdvice(advice, again, [{ lane: { name: 'a' } }, { lane: 'b' }])).toBe(
      'claim_lane(lane="a", wait_s=55) to wait',
    )
    expect(fillAdvice('claim_lane(lane={lane})', again, [{}, { lane: 'b' }])).toBe('claim_lane(lane="b")')
    expect(fillAdvice('claim_lane(lane={lane.name|lane})', again, [{}, { lane: 'b' }])).toBe('claim_lane(lane="b")')
  })

  it('leaves arguments out that nobody knows, wherever they stand', () => {
    const advice = 'f(a={x}, b={y.z}, c={v})'
    expect(fillAdvice(advice, again, [{ x: 1, y: { z: 2 }, v: 3 }])).toBe('f(a=1, b=2, c=3)')
    expect(fillAdvice(advice, again, [{ y: { z: 2 } }])).toBe('f(b=2)')
    expect(fillAdvice(advice, again, [{ x: 1, v: null }])).toBe('f(a=1)')
    expect(fillAdvice(advice, again, [])).toBe('f()')
  })

  it('repeats the call itself', () => {
    expect(fillAdvice('{again} later', again, [])).toBe('heartbeat_lane(lane="feeds") later')
  })

  it('takes nothing out of a value', () => {
    expect(fillAdvice('f(a={x})', again, [{ x: '$& {again} (, ' }])).toBe('f(a="$& {again} (, ")')
  })
})
