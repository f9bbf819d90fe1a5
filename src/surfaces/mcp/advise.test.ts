import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineOperation } from '../../core/operation.ts'
import { adviseOn } from './advise.ts'

const input = z.strictObject({ thing: z.string(), fence: z.int().optional() })
const operation = defineOperation({
  id: 'things.take',
  summary: 'Take a thing',
  effect: 'write',
  input,
  output: z.object({}),
  errors: {
    taken: { kind: 'conflict', summary: 'It is taken.', next: ['take(thing={thing}, fence={fence})', '{again} later'] },
  },
})
const spec = { name: 'take', title: 'Take', description: 'Take.', idempotent: false, destructive: false }
const call = { operation, spec, input, args: { thing: 'a', fence: 1 } }
const refusal = { type: 'bus_api_error', message: 'm', detail: 'm', status_code: 409 } as const

describe('what is advised on a refusal', () => {
  it('is what its code asks for, with what the refusal knows before what was asked for', () => {
    expect(adviseOn({ ...refusal, code: 'taken', fence: 7, hint: 'It is taken.' }, call)).toMatchObject({
      hint: 'It is taken. Next: take(thing="a", fence=7); or take(thing="a", fence=1) later.',
    })
  })

  it('is told by the status alone where there is no code, and is nothing for a code that nobody knows', () => {
    expect(adviseOn(refusal, call).hint).toContain('Next: take(')
    expect(adviseOn({ ...refusal, code: 'constructor' }, call)).toEqual({ ...refusal, code: 'constructor' })
  })

  it('is to look first, or else the call itself, when nobody knows the outcome', () => {
    const unknown = { ...refusal, code: 'store_unavailable', outcome_unknown: true }
    expect(adviseOn(unknown, call).hint).toBe('Next: take(thing="a", fence=1).')
    const looks = { ...call, spec: { ...spec, whenUnknown: 'look(thing={thing}) first' } }
    expect(adviseOn(unknown, looks).hint).toBe('Next: look(thing="a") first.')
  })
})
