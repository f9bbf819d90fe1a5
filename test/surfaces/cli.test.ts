import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { answerWith, startFakeServer } from '../support/fake-server.ts'
import { startOldBus } from '../support/old-bus.ts'
import { type Run, runMain } from '../support/process.ts'

const ME = 'planner'

/** A shell in front of a bus, in which BUS_MCP_AGENT_ID is set. */
async function openShell(options: Parameters<typeof startTestBus>[0] = {}) {
  const bus = await startTestBus(options)
  const env = { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: ME }
  const run = (...args: string[]) => runMain(args, env)
  return { bus, env, run, runJson: (...args: string[]) => runMain([...args, '--json'], env).then(readJson) }
}

function readJson({ exitCode, stdout, stderr }: Run): { exitCode: number | null; answer: unknown } {
  expect(stderr).toBe('')
  expect(stdout.endsWith('\n')).toBe(true)
  expect(stdout.trimEnd()).not.toContain('\n')
  return { exitCode, answer: JSON.parse(stdout) }
}

function expectDone({ exitCode, stdout, stderr }: Run): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

describe('the commands for people', () => {
  it('claim, heartbeat and release a lane, and show it, its list and its history', async () => {
    const { run } = await openShell()
    const claimed = expectDone(await run('claim', 'feeds-refactor', '--lease-s', '60', '--note', 'moving the parser'))
    expect(claimed).toMatch(/^decision +claim$/m)
    expect(claimed).toMatch(/^ {2}owner +planner$/m)
    expect(claimed).toMatch(/^ {2}note +moving the parser$/m)
    expect(claimed).toMatch(/^lease_s +60$/m)
    expect(expectDone(await run('heartbeat', 'feeds-refactor', '--fence', '1'))).toMatch(/^decision +heartbeat$/m)
    expect(expectDone(await run('lane', 'feeds-refactor'))).toMatch(/^ {2}state +held$/m)
    expect(expectDone(await run('lanes', '--state', 'held'))).toMatch(
      /^lanes \(1\)\n {2}name .*\n {2}feeds-refactor +held +planner/,
    )
    expect(expectDone(await run('release', 'feeds-refactor'))).toMatch(/^decision +released$/m)
    const history = expectDone(await run('history', 'feeds-refactor', '--limit', '2'))
    expect(history).toMatch(
      /^lane +feeds-refactor\nevents \(2\)\n {2}rev .*\n {2}3 +release +planner.*\n {2}2 +heartbeat +planner/,
    )
  })

  it('answer a question with the exit status, for scripts', async () => {
    const { run } = await openShell()
    await run('claim', 'feeds-refactor')
    expectDone(await run('verify', 'feeds-refactor', '1'))
    expect(await run('verify', 'feeds-refactor', '2')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^valid +no$/m),
    })
    expect(await run('verify', 'never-claimed', '1', '--json')).toMatchObject({ exitCode: 1 })
  })

  it('have no session, unless BUS_MCP_SESSION or --session names one', async () => {
    const { bus, env, run } = await openShell()
    const session = 'nightly'
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: ME, session })
    const refused = await run('heartbeat', 'feeds-refactor')
    expect(refused.stderr).toContain("held by 'planner' in another session")
    expectDone(await run('heartbeat', 'feeds-refactor', '--session', session))
    expectDone(await runMain(['heartbeat', 'feeds-refactor'], { ...env, BUS_MCP_SESSION: session }))
    const other = ['heartbeat', 'feeds-refactor', '--session', 'other']
    expect((await runMain(other, { ...env, BUS_MCP_SESSION: session })).exitCode).not.toBe(0)
  })

  it('post, read and acknowledge a message, and show it and the status', async () => {
    const { run } = await openShell()
    expect(expectDone(await run('post', 'converge', 'lane merged to master', '--action-flag'))).toMatch(/^id +1$/m)
    expect(expectDone(await run('post', 'other', 'hello', '--sender', 'builder'))).toMatch(/^sender +builder$/m)
    expect(expectDone(await run('read'))).toMatch(/^messages \(2\)\n.*\n {2}2 +other +builder +hello/)
    expect(expectDone(await run('read', 'converge'))).toMatch(
      /^messages \(1\)\n.*\n {2}1 +converge +planner +lane merged/,
    )
    expect(expectDone(await run('read', '--since-id', '1'))).toContain('messages (1)')
    expect(expectDone(await run('status'))).toMatch(/^pending_action_flags \(1\)$/m)
    expect(expectDone(await run('attention'))).toMatch(
      /^items \(1\)\n {2}kind .*\n {2}flag +\d{4}-\S+ +1 converge planner lane merged/,
    )
    expect(expectDone(await run('ack', '1'))).toMatch(/^ {2}acked_by +planner$/m)
    expect(expectDone(await run('message', '1'))).toMatch(/^acked_by +planner$/m)
    expect(expectDone(await run('status'))).toMatch(/^pending_action_flags \(0\)$/m)
  })
})

describe('the commands with --json', () => {
  it('take no text for a flag that stands behind the dashes', async () => {
    const { bus, run } = await openShell()
    expect((await run('post', 'converge', '--', '--json')).stdout).not.toContain('{')
    expect((await bus.client.messages.read({})).messages).toMatchObject([{ body: '--json' }])
  })

  it('print the answer of the bus on one line', async () => {
    const { runJson } = await openShell()
    const own = { owner: ME, name: 'feeds-refactor' }
    for (const [args, answer] of [
      [['claim', 'feeds-refactor'], { ok: true, decision: 'claim', lane: { ...own, fence: 1 }, lease_s: 300 }],
      [['heartbeat', 'feeds-refactor', '--lease-s', '60'], { ok: true, decision: 'heartbeat', lease_s: 60 }],
      [['lane', 'feeds-refactor'], { lane: own }],
      [['lanes'], { lanes: [own], next_after: null }],
      [['release', 'feeds-refactor'], { ok: true, decision: 'released' }],
      [['history', 'feeds-refactor'], { lane: 'feeds-refactor', events: [{ rev: 3 }, { rev: 2 }, { rev: 1 }] }],
      [['timeline', '--window-s', '60'], { tenures: [{ lane: 'feeds-refactor', end: 'released', renewals: 1 }] }],
      [['post', 'converge', 'merged', '--action-flag'], { id: 1, sender: ME, action_flag: true }],
      [['read', '--flagged'], { messages: [{ id: 1 }], next_since_id: 1, head_id: 1 }],
      [['read', '--flagged=false'], { messages: [], next_since_id: 1 }],
      [['message', '1'], { id: 1, body: 'merged' }],
      [['ack', '1'], { ok: true, message: { acked_by: ME } }],
      [['status'], { active_lanes: [], _meta: { message_count: 1 } }],
      [['attention'], { items: [], _meta: { message_count: 1, needs_you_count: 0 } }],
    ] as const) {
      expect(await runJson(...args), args.join(' ')).toMatchObject({ exitCode: 0, answer })
    }
  })

  it('print a refusal of the bus on one line of standard output, with everything that it says', async () => {
    const { bus, runJson } = await openShell()
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'builder' })
    expect(await runJson('claim', 'feeds-refactor')).toMatchObject({
      exitCode: 75,
      answer: {
        ok: false,
        error: { type: 'bus_api_error', status_code: 409, code: 'lane_held', lane: { owner: 'builder' } },
      },
    })
    expect(await runJson('claim', 'no lane')).toMatchObject({
      exitCode: 2,
      answer: { ok: false, error: { type: 'invalid_arguments', message: expect.stringContaining('LANE must be') } },
    })
  })
})

describe('the exit status', () => {
  it('is 75, and who holds the lane is told, when somebody else holds it', async () => {
    const { bus, run } = await openShell()
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'builder' })
    const claimed = await run('claim', 'feeds-refactor')
    expect(claimed).toMatchObject({ exitCode: 75, stdout: '' })
    const [refusal, ...next] = claimed.stderr.trimEnd().split('\n')
    expect(refusal).toMatch(/^bus-mcp claim: lane 'feeds-refactor' held by 'builder' \(lease (300|29\d)s remaining\)$/)
    expect(next).toEqual([
      'next: `bus-mcp claim feeds-refactor --wait-s 55` to wait your turn',
      process.platform === 'win32'
        ? '  or: `bus-mcp post feeds-refactor … --recipient builder` to ask the owner'
        : "  or: `bus-mcp post feeds-refactor '…' --recipient builder` to ask the owner",
    ])
    // What it says can be typed as it stands.
    await bus.client.lanes.release({ lane: 'feeds-refactor', owner: 'builder' })
    expect(await run('claim', 'feeds-refactor', '--wait-s', '55')).toMatchObject({ exitCode: 0 })
    await run('release', 'feeds-refactor')
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'builder' })
    expect((await run('claim', 'feeds-refactor', '--owner=-x')).stderr).toContain(
      'next: `bus-mcp claim feeds-refactor --owner=-x --wait-s 55` to wait your turn\n',
    )
    expect((await run('claim', 'feeds-refactor', '--owner', 'somebody', '--note', 'x')).stderr).toContain(
      'next: `bus-mcp claim feeds-refactor --owner somebody --wait-s 55` to wait your turn\n',
    )
    expect(await run('release', 'feeds-refactor')).toMatchObject({ exitCode: 75, stdout: '' })
  })

  it('is 1 for another refusal: nothing to renew, no such message, no such lane', async () => {
    const { run } = await openShell()
    for (const args of [
      ['heartbeat', 'feeds-refactor'],
      ['message', '7'],
      ['ack', '7'],
      ['lane', 'none'],
      ['history', 'none'],
    ]) {
      const { exitCode, stderr } = await run(...args)
      expect({ args, exitCode }).toEqual({ args, exitCode: 1 })
      const [first, ...next] = stderr.trimEnd().split('\n')
      expect(first).toMatch(new RegExp(`^bus-mcp ${args[0]}: .+`))
      expect(next.length).toBe(args[0] === 'heartbeat' ? 1 : 0)
    }
  })

  it('is 69 when no bus answers, in words and with --json', async () => {
    const { bus, run, runJson } = await openShell()
    await bus.close()
    const { exitCode, stderr } = await run('claim', 'feeds-refactor')
    expect(exitCode).toBe(69)
    expect(stderr).toContain(`no bus at ${bus.apiUrl}: connection refused\nStart a bus with "bus-mcp serve"`)
    expect(await runJson('status')).toMatchObject({ exitCode: 69, answer: { error: { type: 'bus_unreachable' } } })
  })

  it('is 69 when what says yes is no bus', async () => {
    const { baseUrl } = await startFakeServer(answerWith(200, '{"ok":true,"status":"fine"}'))
    const run = await runMain(['claim', 'feeds-refactor'], { BUS_MCP_BASE_URL: baseUrl })
    expect(run).toMatchObject({ exitCode: 69, stdout: '' })
    expect(run.stderr).toContain('what answered is no bus')
  })

  it('is 77 for writes to an armed bus without its secret, and 0 with it; reads need none', async () => {
    const { run, env } = await openShell({ writeSecret: 'letmein' })
    const refused = await run('post', 'converge', 'hello')
    expect(refused).toMatchObject({
      exitCode: 77,
      stderr: expect.stringMatching(/^bus-mcp post: missing or invalid X-Bus-Secret\n.*`BUS_WRITE_SECRET`\.\n$/),
    })
    expectDone(await run('read'))
    expectDone(await runMain(['post', 'converge', 'hello'], { ...env, BUS_WRITE_SECRET: 'letmein' }))
  })

  it('tells an old bus by its status alone', async () => {
    const { apiUrl } = await startOldBus({ writeSecret: 'letmein' })
    const env = { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: ME }
    expect(await runMain(['claim', 'a'], env)).toMatchObject({ exitCode: 77 })
    const armed = { ...env, BUS_WRITE_SECRET: 'letmein' }
    expectDone(await runMain(['claim', 'a'], armed))
    expect(await runMain(['claim', 'a', '--owner', 'builder'], armed)).toMatchObject({ exitCode: 75 })
    expectDone(await runMain(['status'], env))
    expect(await runMain(['lanes'], env)).toMatchObject({ exitCode: 1 })
  })
})

describe('who acts on the command line', () => {
  it('is the same person in two processes, so that one releases what the other claimed', async () => {
    const { bus, env } = await openShell()
    const person = { ...env, BUS_MCP_AGENT_ID: undefined }
    expectDone(await runMain(['claim', 'feeds-refactor'], person))
    const { lane } = await bus.client.lanes.get({ lane: 'feeds-refactor' })
    expect(lane.owner).toMatch(/^.+@.+$/)
    expect(expectDone(await runMain(['release', 'feeds-refactor'], person))).not.toContain('already')
  })

  it('is who the flag names, before the variable', async () => {
    const { run, runJson } = await openShell()
    expectDone(await run('claim', 'a', '--agent-id', 'builder'))
    expect(await runJson('lane', 'a')).toMatchObject({ answer: { lane: { owner: 'builder' } } })
  })
})

describe('a message body', () => {
  it('comes from standard input when it is -, without the end of its last line', async () => {
    const { bus, env } = await openShell()
    expectDone(await runMain(['post', 'log', '-'], env, 'line one\nline two ✓\n'))
    const { body } = await bus.client.messages.get({ id: 1 })
    expect(body).toBe('line one\nline two ✓')
  })

  it('is missed when standard input is empty', async () => {
    const { env } = await openShell()
    const { exitCode, stderr } = await runMain(['post', 'log', '-'], env, '')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('BODY must not be empty')
  })

  it('cannot move the cursor or colour the terminal of whoever reads it', async () => {
    // The old bus takes control characters.
    const { apiUrl } = await startOldBus()
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31mhello\rworld\u0008\u0000'
    const message = { topic: evil, sender: evil, body: evil }
    const headers = { 'content-type': 'application/json' }
    await fetch(`${apiUrl}/message`, { method: 'POST', headers, body: JSON.stringify(message) })
    await fetch(`${apiUrl}/lanes/a/claim`, { method: 'POST', headers, body: JSON.stringify({ owner: evil }) })
    const env = { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: ME }
    const runs = await Promise.all([['read'], ['status'], ['claim', 'a']].map((args) => runMain(args, env)))
    for (const { stdout, stderr } of runs) {
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u)
      expect(stdout + stderr).toContain('hello')
    }
  })
})
