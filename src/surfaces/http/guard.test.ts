import { describe, expect, it } from 'vitest'
import { isLoopbackHost } from './guard.ts'

describe('isLoopbackHost', () => {
  it.each(['localhost', '127.0.0.1', '127.8.9.10', '::1'])('takes %s for this machine only', (host) => {
    expect(isLoopbackHost(host)).toBe(true)
  })

  it.each([
    '0.0.0.0',
    '::',
    '',
    '10.0.0.1',
    '128.0.0.1',
    '127.0.0.1.evil.example',
    '127.evil.example',
    'localhost.evil.example',
    '::ffff:127.0.0.1',
  ])('takes %s for an address that others may reach', (host) => {
    expect(isLoopbackHost(host)).toBe(false)
  })
})
