import { describe, expect, it } from 'vitest'
import { createLog } from './log.ts'

function collectLog() {
  const lines: string[] = []
  return { log: createLog((line) => lines.push(line)), lines }
}

describe('the log', () => {
  it('writes one line of JSON per event, with the moment and the level', () => {
    const { log, lines } = collectLog()
    log.info('started', { port: 8100, isArmed: false, name: 'a\nb' })
    log.info('stopped')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        level: 'info',
        event: 'started',
        port: 8100,
        isArmed: false,
        name: 'a\nb',
      },
      { time: expect.any(String), level: 'info', event: 'stopped' },
    ])
    for (const line of lines) expect(line).not.toContain('\n')
  })

  it('writes an error whole, with where it was thrown, on the same line', () => {
    const { log, lines } = collectLog()
    log.error('operation failed', new TypeError('no such thing'), { request_id: 'r1' })
    const [line = ''] = lines
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      event: 'operation failed',
      request_id: 'r1',
      error: expect.stringMatching(/^TypeError: no such thing\n {4}at /),
    })
  })

  it('writes an error without a stack by its message, and whatever else is thrown as text', () => {
    const { log, lines } = collectLog()
    const error = new Error('no stack')
    delete error.stack
    for (const thrown of [error, 'a word', undefined, null, 7]) log.error('failed', thrown)
    const errors = lines.map((line): unknown => JSON.parse(line).error)
    expect(errors).toEqual(['no stack', 'a word', 'undefined', 'null', '7'])
  })

  it('lets no field of an event hide the error', () => {
    const { log, lines } = collectLog()
    log.error('failed', new Error('the cause'), { error: 'other' })
    expect(lines[0]).toContain('the cause')
  })
})
