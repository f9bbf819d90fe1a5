import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { readBlocks } from '../support/pages.ts'
import { runInShell } from '../support/shell.ts'

const lines = readBlocks('docs/guide/getting-started.md', '').flatMap((block) => block.trim().split('\n'))
const typed = lines.filter((line) => /^bus-mcp (?!doctor)/.test(line))

describe('what docs/guide/getting-started.md types', () => {
  it('goes as it is told: a claim, a refusal, a question, its acknowledgement, a release', async () => {
    const bus = await startTestBus()
    const env = { BUS_MCP_BASE_URL: bus.apiUrl }
    const exitCodes: (number | null)[] = []
    for (const line of typed) exitCodes.push((await runInShell(line, env)).exitCode)
    expect(exitCodes).toEqual([0, 75, 0, 0, 0])
    expect((await bus.client.lanes.get({ lane: 'feeds-refactor' })).lane).toMatchObject({
      state: 'free',
      last_owner: 'planner',
    })
    expect((await bus.client.status.get({})).pending_action_flags).toEqual([])
  })
})
