import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { connectStdio } from '../support/mcp.ts'
import { runMain, startBusProcess } from '../support/process.ts'

const IS_WINDOWS = process.platform === 'win32'

/** A place without a port, as BUS_LISTEN and BUS_MCP_BASE_URL name it, and as Node does. */
function namePlace() {
  if (IS_WINDOWS) {
    const name = `bus-mcp-${crypto.randomUUID()}`
    return { text: `pipe:${name}`, path: `\\\\.\\pipe\\${name}` }
  }
  const path = join(createTempFolder(), 'bus.sock')
  return { text: `unix:${path}`, path }
}

describe('a bus on a socket', () => {
  it('serves clients that are given the socket in place of an address', async () => {
    const { text, path } = namePlace()
    const bus = await startTestBus({ listen: path })
    expect(bus.origin).toBe(text)
    expect(bus.apiUrl).toBe(bus.origin)
    const client = createBusClient({ baseUrl: bus.apiUrl })
    expect((await client.lanes.claim({ lane: 'feeds', owner: 'ann' })).decision).toBe('claim')
    expect(await client.lanes.claim({ lane: 'feeds', owner: 'bob' }).catch((error: unknown) => error)).toMatchObject({
      statusCode: 409,
      body: { code: 'lane_held' },
    })
    const many = await Promise.all(Array.from({ length: 50 }, () => client.status.get({})))
    expect(many.every(({ _meta }) => _meta.active_lane_count === 1)).toBe(true)
  })

  it.skipIf(IS_WINDOWS)('lets nobody else’s processes connect, and removes the file at its end', async () => {
    const { path } = namePlace()
    const bus = await startTestBus({ listen: path })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await bus.close()
    expect(existsSync(path)).toBe(false)
  })

  it('refuses to take a socket that another bus listens on', async () => {
    const { path } = namePlace()
    const first = await startTestBus({ listen: path })
    await expect(startTestBus({ listen: path })).rejects.toMatchObject({ code: 'address_in_use' })
    expect((await first.client.status.get({}))._meta.message_count).toBe(0)
  })

  it.skipIf(IS_WINDOWS)('touches no file that is there and is no socket', async () => {
    const { path } = namePlace()
    writeFileSync(path, 'mine')
    await expect(startTestBus({ listen: path })).rejects.toMatchObject({
      code: 'invalid_request',
      message: `${path} is there, and is no socket -- name another path`,
    })
    expect(statSync(path).size).toBe(4)
  })

  it.skipIf(IS_WINDOWS)('says what to do about a folder that is not there, and a path that is too long', async () => {
    const folder = createTempFolder()
    for (const path of [join(folder, 'nowhere', 'bus.sock'), join(folder, 'x'.repeat(120))]) {
      await expect(startTestBus({ listen: path })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('name a short path in a folder that is there'),
      })
    }
  })

  it('is refused where this system has no such thing, and makes nothing', async () => {
    const path = IS_WINDOWS ? '/run/bus.sock' : '\\\\.\\pipe\\bus'
    await expect(startTestBus({ listen: path })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('this system has no such thing'),
    })
  })

  it('is what a client says it could not reach, when it is not there', async () => {
    const { text, path } = namePlace()
    await expect(createBusClient({ baseUrl: text }).status.get({})).rejects.toMatchObject({
      name: 'BusUnreachable',
      message: `no bus at ${text}: there is no such socket`,
    })
    expect(existsSync(path)).toBe(false)
  })
})

describe('a bus process on a socket', () => {
  it.skipIf(IS_WINDOWS)(
    'is found by commands and by the MCP server, and starts again over what a kill left',
    async () => {
      const { text, path } = namePlace()
      const folder = createTempFolder()
      const args = ['--listen', text, '--database-url', `sqlite:${join(folder, 'bus.db')}`]
      const first = await startBusProcess(args)
      expect(first.stdout()).toContain(`listening on ${text}`)
      expect(first.stdout()).toContain(`BUS_MCP_BASE_URL=${text}`)
      const env = { BUS_MCP_BASE_URL: text }
      expect((await runMain(['claim', 'feeds', '--owner', 'ann'], env)).exitCode).toBe(0)
      await first.kill()
      expect(existsSync(path)).toBe(true)
      await expect(createBusClient({ baseUrl: text }).status.get({})).rejects.toMatchObject({
        reason: 'connection refused',
      })

      const second = await startBusProcess(args)
      const agent = await connectStdio('legacy', env)
      expect((await agent.call('get_bus_status')).fields).toMatchObject({ ok: true, active_lanes: [{ name: 'feeds' }] })
      expect(await second.stop()).toBe(0)
      expect(existsSync(path)).toBe(false)
      expect((await runMain(['doctor'], env)).stdout).toContain('bus-mcp serve --listen')
    },
  )

  it('is refused for what is no socket', async () => {
    const { exitCode, stderr } = await runMain(['serve', '--listen', 'here'])
    expect(exitCode).toBe(2)
    expect(stderr).toBe(
      'bus-mcp: --listen must be unix:PATH, as in unix:/run/user/1000/bus.sock, or pipe:NAME on Windows\n',
    )
  })

  it('asks no other machine for its secret: nobody but its own user reaches it', async () => {
    const { path } = namePlace()
    const bus = await startTestBus({ listen: path, host: '0.0.0.0' })
    const socket = connect(path)
    await new Promise((resolve) => socket.on('connect', resolve))
    socket.destroy()
    expect((await bus.client.status.get({}))._meta.write_secret_required).toBe(false)
  })
})
