import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { runMain, startBusProcess } from '../support/process.ts'
import { ask, expectRefusal, post } from '../support/raw-http.ts'

const write = (secret: string | undefined) =>
  post('/api/bus/message', { topic: 't', sender: 's', body: 'b' }, { 'x-bus-secret': secret })

describe('a secret that is being replaced', () => {
  it('is taken as the new and as the old one, and as nothing else', async () => {
    const { origin } = await startTestBus({ writeSecret: 'new-one,old-one' })
    for (const right of ['new-one', 'old-one']) expect((await ask(origin, write(right))).status, right).toBe(200)
    for (const wrong of ['new', 'one', ',', 'old-one,new-one', '', undefined, 'new-one, old-one', ' new-one,']) {
      expectRefusal(await ask(origin, write(wrong)), { status: 401, code: 'write_secret_required' }, wrong)
    }
  })

  it('is right as a whole for a client of before, whose secret had a comma in it', async () => {
    const { origin } = await startTestBus({ writeSecret: 'salt,pepper' })
    expect((await ask(origin, write('salt,pepper'))).status).toBe(200)
  })

  it('is sent as the new one by commands that have the same variable', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'], { BUS_WRITE_SECRET: 'new' })
    const env = { BUS_MCP_BASE_URL: bus.apiUrl, BUS_WRITE_SECRET: 'new,old' }
    const { exitCode, stderr } = await runMain(['claim', 'feeds', '--owner', 'ann'], env)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it.each([
    ['three', 'a,b,c'],
    ['an empty one', 'a,'],
    ['two, of which one is blank', 'a, '],
  ])('is refused at the start when there are %s', async (_, secret) => {
    const { exitCode, stderr } = await runMain(['serve', '--port', '0', '--database-url', 'sqlite::memory:'], {
      BUS_WRITE_SECRET: secret,
    })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^bus-mcp: BUS_WRITE_SECRET must be .*\n$/)
    expect(stderr).not.toContain(secret)
  })
})
