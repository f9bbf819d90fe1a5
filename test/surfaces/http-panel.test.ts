import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { ask, expectRefusal } from '../support/raw-http.ts'

const FILES = [
  ['/', 'text/html; charset=utf-8'],
  ['/panel/main.js', 'text/javascript; charset=utf-8'],
  ['/panel/style.css', 'text/css; charset=utf-8'],
] as const

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

describe('the panel’s files', () => {
  it.each(FILES)(
    'are served: %s as %s, to be shown by nobody else and to load nothing from elsewhere',
    async (path, type) => {
      const { origin } = await startTestBus()
      const host = new URL(origin).host
      const { status, headers } = await ask(origin, { path, headers: { host } })
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'content-type': type,
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      })
    },
  )

  it.each(FILES)('are not sent again to whoever has them: %s', async (path) => {
    const { origin } = await startTestBus()
    const first = await ask(origin, { path })
    const again = await ask(origin, { path, headers: { 'if-none-match': String(first.headers.etag) } })
    expect([again.status, again.text]).toEqual([304, ''])
    expect((await ask(origin, { path, headers: { 'if-none-match': '"another"' } })).status).toBe(200)
  })

  it('are sent zipped to whoever takes that, and are the same then', async () => {
    const { origin } = await startTestBus()
    const plain = await ask(origin, { path: '/panel/main.js' })
    const answer = await fetch(`${origin}/panel/main.js`, { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(await answer.text()).toBe(plain.text)
    expect(plain.headers['content-encoding']).toBeUndefined()
  })

  it('answer HEAD with the headers alone, and refuse what would write', async () => {
    const { origin } = await startTestBus()
    const head = await ask(origin, { method: 'HEAD', path: '/' })
    expect([head.status, head.text]).toEqual([200, ''])
    const refused = await ask(origin, { method: 'POST', path: '/' })
    expectRefusal(refused, { status: 405, code: 'method_not_allowed' })
    expect(refused.headers.allow).toBe('GET')
  })

  it('are shown under the bus’s own names only', async () => {
    const { origin } = await startTestBus()
    for (const [path] of FILES) {
      const rebound = await ask(origin, { path, headers: { host: 'evil.example' } })
      expectRefusal(rebound, { status: 421, code: 'host_not_allowed' }, path)
    }
  })

  it('name no other place than their own', async () => {
    const { origin } = await startTestBus()
    for (const [path] of FILES) {
      const { text } = await ask(origin, { path })
      // Names of XML dialects are no addresses.
      const addresses = (text.match(/https?:\/\/[^\s"'`)]+/g) ?? []).filter(
        (url) => !url.startsWith('http://www.w3.org/'),
      )
      expect(
        addresses.filter((url) => !url.startsWith('http://127.0.0.1:8100')),
        path,
      ).toEqual([])
    }
  })
})
