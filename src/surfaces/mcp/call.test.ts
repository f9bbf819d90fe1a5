import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineOperation } from '../../core/operation.ts'
import { toApiError } from './call.ts'

const operation = defineOperation({
  id: 'things.get',
  summary: 'Show one thing',
  effect: 'read',
  input: z.object({}),
  output: z.object({}),
  errors: {},
})

describe('a refusal as an agent gets it', () => {
  it('has all that the bus said, and our own fields as they are, whatever the other side calls its own', () => {
    const body = { detail: 'no', code: 'x', thing: 'a', type: 'about:blank', message: '?', status_code: 200 }
    expect(toApiError(operation, 409, body)).toEqual({
      ok: false,
      error: { detail: 'no', code: 'x', thing: 'a', type: 'bus_api_error', message: 'no', status_code: 409 },
    })
  })
})
