import { describe, expect, it } from 'vitest'
import { AppError, commonError, commonErrors, errorKinds, hideCredentials, startError, startErrors } from './errors.ts'

describe('an error that a caller may be told', () => {
  it('has the HTTP status of its kind', () => {
    expect(new AppError('busy', 'number_taken', 'bob has it').status).toBe(409)
    expect(new AppError('invalid', 'invalid_request', '').status).toBe(422)
  })

  it('has a body with its text, its code, the request’s id and what it carries', () => {
    const error = new AppError('busy', 'number_taken', 'bob has it', { by: 'bob', retry_after_ms: 500 })
    expect(error.toBody('request-7')).toEqual({
      detail: 'bob has it',
      code: 'number_taken',
      request_id: 'request-7',
      by: 'bob',
      retry_after_ms: 500,
    })
  })

  it('is an Error with a name of its own', () => {
    const error = commonError('internal')
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toMatch(/^AppError: /)
  })
})

describe('a common error', () => {
  it('has its summary as text unless it is given another', () => {
    expect(commonError('json_required')).toMatchObject({
      kind: 'unsupported_media',
      code: 'json_required',
      message: commonErrors.json_required.summary,
      details: {},
    })
    expect(commonError('json_required', 'send JSON', { a: 1 })).toMatchObject({
      message: 'send JSON',
      details: { a: 1 },
    })
  })
})

describe('an error that keeps the bus from starting', () => {
  it('has its code’s kind and the line that it was given', () => {
    const error = startError('database_in_use', 'another bus has it')
    expect(error).toMatchObject({ kind: 'unavailable', code: 'database_in_use', message: 'another bus has it' })
  })
})

describe('the list of error kinds', () => {
  it.each(Object.entries(errorKinds))(
    'has for %s a status of HTTP and an exit status that is no success',
    (_, kind) => {
      expect(kind.status).toBeGreaterThanOrEqual(400)
      expect(kind.status).toBeLessThan(600)
      expect(kind.exitCode).toBeGreaterThan(0)
      // 126 and more belong to the shell: not runnable, not found, ended by a signal.
      expect(kind.exitCode).toBeLessThan(126)
    },
  )

  it('has 75, try again later, for what time resolves and for nothing else', () => {
    const later = Object.entries(errorKinds).filter(([, { exitCode }]) => exitCode === 75)
    expect(later.map(([name]) => name)).toEqual(['busy', 'rate_limited'])
  })

  it('is where every common error has its place, under a code of its own', () => {
    const codes = [...Object.keys(commonErrors), ...Object.keys(startErrors)]
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    for (const { kind, summary } of Object.values({ ...commonErrors, ...startErrors })) {
      expect(errorKinds).toHaveProperty(kind)
      expect(summary).toMatch(/[.]$/)
    }
  })
})

describe('a URL that is shown', () => {
  it.each([
    ['postgres://bus:secret@db.example/bus', 'postgres://db.example/bus'],
    ['postgres://bus:p@ss/w0rd#1?@db.example/bus', 'postgres://db.example/bus'],
    ['http://127.0.0.1:8100/api/bus', 'http://127.0.0.1:8100/api/bus'],
    ['/home/me/bus.db', '/home/me/bus.db'],
  ])('has no credentials in it: %s', (url, shown) => {
    expect(hideCredentials(url)).toBe(shown)
  })
})
