import { describe, expect, it } from 'vitest'
import { silentLog } from '../../../test/support/silent-log.ts'
import type { LogFields } from '../../core/context.ts'
import { commonError } from '../../core/errors.ts'
import { createRequestLog } from './request-log.ts'

function start() {
  let now = 0
  const told: LogFields[] = []
  const log = { ...silentLog, warn: (_: string, fields: LogFields = {}) => told.push(fields) }
  const observer = createRequestLog(log, () => now)
  const fail = (message: string) =>
    observer.ended?.(
      {
        requestId: 'r1',
        method: 'GET',
        route: '/readyz',
        waited: false,
        refusal: commonError('store_unavailable', message),
      },
      { status: 503, seconds: 0.0123, isAbandoned: false },
    )
  return {
    told,
    fail,
    advance: (ms: number) => {
      now += ms
    },
  }
}

describe('what the log says of failed requests', () => {
  it('is why, in the words of the bus', () => {
    const { told, fail } = start()
    fail('nothing was changed: the disk is full')
    expect(told).toEqual([
      {
        request_id: 'r1',
        method: 'GET',
        route: '/readyz',
        status: 503,
        duration_ms: 12.3,
        code: 'store_unavailable',
        reason: 'nothing was changed: the disk is full',
      },
    ])
  })

  it('is ten lines in a second at the most, and then how many it did not tell', () => {
    const { told, fail, advance } = start()
    for (let request = 0; request < 1_000; request++) fail('full')
    expect(told).toHaveLength(10)
    advance(1_000)
    fail('full')
    expect(told).toHaveLength(11)
    expect(told.at(-1)).toMatchObject({ untold: 990 })
    fail('full')
    expect(told.at(-1)).not.toHaveProperty('untold')
  })
})
