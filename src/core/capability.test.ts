import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openTestDatabase } from '../../test/support/database.ts'
import { createLog } from '../telemetry/log.ts'
import {
  bind,
  defineCapability,
  type Handler,
  invoke,
  listOperations,
  parseInput,
  toFieldProblems,
} from './capability.ts'
import type { BusContext } from './context.ts'
import { AppError, commonError } from './errors.ts'
import { defineOperation } from './operation.ts'
import { createWaits } from './waits.ts'

const double = defineOperation({
  id: 'toys.double',
  summary: 'Double a number',
  effect: 'read',
  input: z.object({ number: z.number(), times: z.int().default(2) }),
  output: z.object({ doubled: z.number() }),
  errors: {
    number_taken: {
      kind: 'busy',
      summary: 'Somebody has the number.',
      details: z.object({ by: z.string(), retry_after_ms: z.int() }),
    },
  },
})

type Double = Handler<typeof double>

/** Runs the operation with a handler of the test's own. */
async function run(handle: Double, input: unknown = { number: 21 }) {
  const logged: string[] = []
  const database = await openTestDatabase({ path: ':memory:' })
  const bus: BusContext = {
    database,
    createWrite: () => (body) => database.write(body),
    settings: { minLeaseMs: 1_000, maxLeaseMs: 60_000, writeSecretRequired: false, version: '0.0.0' },
    log: createLog((line) => logged.push(line)),
    waits: createWaits(10, new AbortController().signal),
  }
  const request = { requestId: 'request-7', signal: new AbortController().signal }
  const outcome = await invoke(bind(double, handle), input, bus, request).then(
    (answer) => ({ answer, error: undefined }),
    (error: unknown) => ({ answer: undefined, error }),
  )
  return { ...outcome, logged: logged.map((line): Record<string, unknown> => JSON.parse(line)) }
}

const answer: Double = async ({ input }) => ({ doubled: input.number * input.times })

const INTERNAL = {
  kind: 'internal',
  code: 'internal',
  message: "internal error; the bus's log has the cause under request id request-7",
  details: {},
}

describe('an operation', () => {
  it('hands its handler the parsed input, with what was left out filled in and the unknown left away', async () => {
    const seen: unknown[] = []
    const { answer: got } = await run(
      async (call) => {
        seen.push(call.input, call.context.requestId)
        return answer(call)
      },
      { number: 21, unknown: true },
    )
    expect(seen).toEqual([{ number: 21, times: 2 }, 'request-7'])
    expect(got).toEqual({ doubled: 42 })
  })

  it('does not reach its handler with an input that breaks the contract', async () => {
    let isReached = false
    const { error, logged } = await run(
      async (call) => {
        isReached = true
        return answer(call)
      },
      { number: '21', times: 0.5 },
    )
    expect(error).toMatchObject({
      code: 'invalid_request',
      details: { errors: [{ path: 'number' }, { path: 'times' }] },
    })
    expect(isReached).toBe(false)
    expect(logged).toEqual([])
  })

  it('passes on what its handler fails with, of the kind that the contract declares, and logs nothing', async () => {
    const { error, logged } = await run(async ({ fail }) => {
      throw fail('number_taken', 'bob has 21', { by: 'bob', retry_after_ms: 500 })
    })
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({
      kind: 'busy',
      code: 'number_taken',
      message: 'bob has 21',
      details: { by: 'bob', retry_after_ms: 500 },
    })
    expect(logged).toEqual([])
  })

  it('passes on the errors that every operation may have', async () => {
    const thrown = commonError('store_unavailable')
    const { error, logged } = await run(() => Promise.reject(thrown))
    expect(error).toBe(thrown)
    expect(logged).toEqual([])
  })
})

describe('a fault of ours', () => {
  it('is internal to the caller, under a request id, and whole in the log', async () => {
    const { error, logged } = await run(() => Promise.reject(new TypeError('secret: 4711')))
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject(INTERNAL)
    expect(String(error)).not.toContain('4711')
    expect(logged).toMatchObject([
      { level: 'error', event: 'operation failed', operation: 'toys.double', request_id: 'request-7' },
    ])
    expect(logged[0]?.error).toMatch(/^TypeError: secret: 4711\n {4}at /)
  })

  it('is an answer that breaks the contract, too: internal, and never a half-true body', async () => {
    // A handler whose types were fooled, as a row from the store can.
    const wrong = { doubled: JSON.parse('"42"') }
    const { answer: got, error, logged } = await run(async () => wrong)
    expect(got).toBeUndefined()
    expect(error).toMatchObject(INTERNAL)
    expect(logged).toMatchObject([{ request_id: 'request-7', error: expect.stringContaining('doubled') }])
  })

  it('is to fail with a code that the contract does not declare', async () => {
    const { error, logged } = await run(async ({ fail }) => {
      throw fail('number_lost' as 'number_taken', '') // What the types forbid.
    })
    expect(error).toMatchObject(INTERNAL)
    expect(logged[0]?.error).toContain('error code number_lost is not declared by the operation')
  })

  it('may be thrown as anything', async () => {
    for (const thrown of ['a word', undefined, null, { message: 'an object' }]) {
      const { error, logged } = await run(() => Promise.reject(thrown))
      expect(error).toMatchObject(INTERNAL)
      expect(logged).toHaveLength(1)
    }
  })

  it('does not leave more in an answer than the contract has', async () => {
    const { answer: got } = await run(async (call) => ({ ...(await answer(call)), password: '4711' }))
    expect(got).toEqual({ doubled: 42 })
  })
})

describe('an input that breaks the contract', () => {
  const schema = z.object({
    name: z.string({ error: 'name is required' }),
    list: z.array(z.object({ size: z.number({ error: 'must be a number' }) })).optional(),
  })
  const problemOf = (input: unknown, of: z.ZodType = schema) => {
    try {
      return parseInput(of, input)
    } catch (error) {
      return error
    }
  }

  it('is told by every field, in their order, and as one sentence', () => {
    expect(problemOf({ list: [{ size: 1 }, { size: 'a' }] })).toMatchObject({
      code: 'invalid_request',
      kind: 'invalid',
      message: 'name is required; list.1.size: must be a number',
      details: {
        errors: [
          { path: 'name', message: 'name is required' },
          { path: 'list.1.size', message: 'must be a number' },
        ],
      },
    })
  })

  it('is told as a whole when it is not even an object', () => {
    expect(problemOf(7, z.object({}, { error: 'must be an object' }))).toMatchObject({
      message: 'must be an object',
      details: { errors: [{ path: '', message: 'must be an object' }] },
    })
  })

  it('is none when it fits', () => {
    expect(problemOf({ name: 'a', list: [] })).toEqual({ name: 'a', list: [] })
  })
})

describe('the problems of a field', () => {
  it('are told once each, also when several checks say the same', () => {
    const error = 'must be small'
    const schema = z.object({ name: z.string().max(3, { error }).regex(/^a/, { error }).min(1, { error: 'other' }) })
    expect(toFieldProblems(schema.safeParse({ name: 'bbbb' }).error ?? new z.ZodError([]))).toEqual([
      { path: 'name', message: error },
    ])
  })
})

describe('the operations of capabilities', () => {
  it('are listed in the order of the capabilities', () => {
    const one = bind(double, answer)
    const other = bind({ ...double, id: 'toys.other' }, answer)
    const toys = defineCapability({ name: 'toys', instructions: '', operations: [one, other], migrations: [] })
    expect(listOperations([toys, { ...toys, operations: [one] }])).toEqual([one, other, one])
    expect(listOperations([])).toEqual([])
  })
})
