import { describe, expect, it } from 'vitest'
import { toSocketPath } from '../../core/wire.ts'
import { toListenError, toOrigin } from './listen.ts'

const denied = Object.assign(new Error('listen EACCES'), { code: 'EACCES' })

describe('a place that cannot be listened on', () => {
  it('is on Windows a port that Windows keeps for itself, when it is denied', () => {
    expect(toListenError(denied, '127.0.0.1:8100', true, 'win32')).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('Windows keeps that port for itself ("netsh int ipv4 show excludedportrange'),
    })
  })

  it.each([
    ['a port of another system', '127.0.0.1:80', true, 'linux', 'EACCES -- see --host and --port'],
    ['a pipe', '\\\\.\\pipe\\bus', false, 'win32', 'EACCES -- name a short path'],
  ] as const)('is told by the system’s own code for %s', (_, place, isPort, platform, said) => {
    expect(toListenError(denied, place, isPort, platform)).toMatchObject({ message: expect.stringContaining(said) })
  })
})

describe('the origin of a bus without a port', () => {
  it.each(['unix:/run/user/1000/bus.sock', 'pipe:bus-mcp'])('is what its clients are told: %s', (text) => {
    expect(toOrigin(toSocketPath(text) ?? '')).toBe(text)
  })
})
