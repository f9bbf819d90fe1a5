import { describe, expect, it } from 'vitest'
import { LOG_LEVELS, type LogLevel } from '../core/context.ts'
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

  it('hides what nobody may log, should some code ever try', () => {
    const { log, lines } = collectLog()
    const secrets = [
      'body',
      'note',
      'owner',
      'sender',
      'session',
      'recipient',
      'agent_id',
      'secret',
      'writeSecret',
      'headers',
    ]
    log.info('planted', Object.fromEntries(secrets.map((name) => [name, 'zq-hidden'])))
    log.error('planted', new Error('cause'), { owner: 'zq-hidden' })
    for (const line of lines) expect(line).not.toContain('zq-hidden')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'planted', body: '[never logged]' })
  })

  it('hides the name and password of an address in the words of an error', () => {
    const { log, lines } = collectLog()
    log.error('failed', new Error('cannot reach postgres://ann:p@ss/w0rd@db.example/bus'))
    log.error('failed', new Error('at file:///srv/node_modules/@photostructure/sqlite/index.js:1:1'))
    expect(lines[0]).toContain('cannot reach postgres://db.example/bus')
    expect(lines[0]).not.toContain('w0rd')
    expect(lines[1]).toContain('file:///srv/node_modules/@photostructure/sqlite/index.js:1:1')
  })

  it('tells what its level lets it, and nothing below', () => {
    const tell = (level: LogLevel) => {
      const lines: string[] = []
      const log = createLog((line) => lines.push(line), level)
      log.debug('d')
      log.info('i')
      log.warn('w')
      log.error('e', new Error('cause'))
      return lines.map((line): unknown => JSON.parse(line).level)
    }
    expect(LOG_LEVELS.map(tell)).toEqual([
      ['debug', 'info', 'warn', 'error'],
      ['info', 'warn', 'error'],
      ['warn', 'error'],
      ['error'],
      [],
    ])
  })
})
