import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cleanEnvironment, collect } from '../support/process.ts'

const root = join(import.meta.dirname, '../..')

describe('examples/two-agents.ts', () => {
  it('plays the story to its end: a claim, a refusal, a talk, a release and the claim of the other', async () => {
    const args = ['--import', 'tsx', 'examples/two-agents.ts']
    const child = spawn(process.execPath, args, { cwd: root, env: cleanEnvironment() })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    const [exitCode] = await once(child, 'close')
    expect({ exitCode, stderr: stderr() }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout().trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^The bus answers at http:\/\/127\.0\.0\.1:\d+\/api\/bus\.$/),
      'planner and builder are connected, each over its own MCP server.',
      'planner claims the lane feeds-refactor and gets it for 120 seconds, with fence 1.',
      expect.stringMatching(
        /^builder claims it too and is refused: lane 'feeds-refactor' held by 'planner' \(lease \d+s remaining\)\.$/,
      ),
      'builder asks on the blackboard under the topic of the lane, instead of waiting for the lease to end.',
      'planner reads what is new: message 1, builder: "How long do you need the feeds?"',
      'planner answers and releases the lane.',
      'builder reads on from message 1: planner: "I am done, it is yours."',
      'builder claims the lane again and gets it, with fence 2.',
      'builder does its work and releases the lane.',
      'Both have left and the bus has ended.',
    ])
  })
})
