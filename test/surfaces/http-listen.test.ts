import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { AppError } from '../../src/core/errors.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'

const canListenEverywhere = await canListen('0.0.0.0')
const hasIpv6 = await canListen('::1')

describe('the start of a bus', () => {
  it('takes a free port for 0, and tells its addresses', async () => {
    const { origin, apiUrl, mcpUrl } = await startTestBus()
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    expect(apiUrl).toBe(`${origin}/api/bus`)
    expect(mcpUrl).toBe(`${origin}/mcp`)
  })

  it('fails with address_in_use, and what to do, when another program has the port', async () => {
    const { origin } = await startTestBus()
    const port = Number(new URL(origin).port)
    const databasePlace = join(createTempFolder(), 'bus.db')
    const error = await startTestBus({ port, databasePlace }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({
      code: 'address_in_use',
      kind: 'unavailable',
      message: `127.0.0.1:${port} is taken, perhaps by another bus -- use that one ("bus-mcp doctor" looks), or start with --port 0`,
    })
    // Nothing of the failed start holds the file.
    await startTestBus({ databasePlace })
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'bus.example', '128.0.0.1'])(
    'refuses to listen on %s without a secret, and makes no database',
    async (host) => {
      const databasePlace = join(createTempFolder(), 'bus.db')
      await expect(startTestBus({ host, databasePlace })).rejects.toMatchObject({
        name: 'AppError',
        code: 'invalid_request',
        message: `${host} can be reached from other machines: set BUS_WRITE_SECRET, or listen on 127.0.0.1`,
      })
      expect(existsSync(databasePlace)).toBe(false)
    },
  )

  it('tells an address that is not of this machine', async () => {
    await expect(startTestBus({ host: '192.0.2.1', writeSecret: 'secret' })).rejects.toMatchObject({
      name: 'AppError',
      message: expect.stringMatching(/^cannot listen on 192\.0\.2\.1:0: \w+ -- see --host and --port$/),
    })
  })

  it('listens without a secret on every name of the loopback', async () => {
    const { apiUrl } = await startTestBus({ host: 'localhost' })
    const { _meta } = await createBusClient({ baseUrl: apiUrl }).status.get({})
    expect(_meta.write_secret_required).toBe(false)
  })

  it.skipIf(!canListenEverywhere)(
    `listens on 0.0.0.0 with a secret${canListenEverywhere ? '' : ' (skipped: this machine does not let us)'}`,
    async () => {
      const writeSecret = 'secret'
      const { origin } = await startTestBus({ host: '0.0.0.0', writeSecret })
      expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      const baseUrl = `${origin}/api/bus`
      const claim = { lane: 'feeds', owner: 'session-A' }
      await expect(createBusClient({ baseUrl }).lanes.claim(claim)).rejects.toMatchObject({ statusCode: 401 })
      const { decision } = await createBusClient({ baseUrl, writeSecret }).lanes.claim(claim)
      expect(decision).toBe('claim')
    },
  )

  it.skipIf(!hasIpv6)(
    `listens on the loopback of IPv6 without a secret${hasIpv6 ? '' : ' (skipped: this machine has none)'}`,
    async () => {
      const { origin, client } = await startTestBus({ host: '::1' })
      expect(origin).toMatch(/^http:\/\/\[::1\]:\d+$/)
      expect((await client.lanes.claim({ lane: 'feeds', owner: 'session-A' })).decision).toBe('claim')
    },
  )
})

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(0, host, () => server.close(() => resolve(true)))
  })
}
