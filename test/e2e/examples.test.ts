import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTree } from '../rules/support/tree.ts'
import { cleanEnvironment, collect } from '../support/process.ts'

const root = join(import.meta.dirname, '../..')

/** Plays an example to its end, and gives the lines that it told. A setting of whoever runs it has no part in it. */
async function play(name: string): Promise<string[]> {
  const env = cleanEnvironment({ BUS_WRITE_SECRET: 'of another bus', BUS_MCP_BASE_URL: 'http://127.0.0.1:1/api/bus' })
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}`], { cwd: root, env })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [exitCode] = await once(child, 'close')
  expect({ exitCode, stderr: stderr() }).toEqual({ exitCode: 0, stderr: '' })
  return stdout().trimEnd().split('\n')
}

describe('examples/merge-lane.ts', () => {
  it('merges one after the other, in the order in which they asked, and refuses one whose turn is over', async () => {
    expect(await play('merge-lane.ts')).toEqual([
      'ann claims merge:main and gets it, with fence 1.',
      'bob asks too, and waits in place 1.',
      'cleo asks too, and waits in place 2.',
      'ann merges and releases.',
      'bob is granted the lane, with fence 2.',
      'bob merges and releases.',
      'cleo is granted the lane, with fence 3.',
      'ann, who believes that it is still her turn, pushes again: the guard asks the bus about her fence and refuses.',
      'cleo merges and releases.',
      "main: ann's work, bob's work, cleo's work.",
    ])
  })
})

describe('examples/release-train.ts', () => {
  it('gets three lanes or none, and reports only while it has them', async () => {
    expect(await play('release-train.ts')).toEqual([
      'builder holds deploy:web.',
      expect.stringMatching(
        /^The train wants db:migrations, deploy:api, deploy:web at once and is refused: .*'deploy:web' held by 'builder'.* It holds none of them\.$/,
      ),
      'builder reads: "builder: 1.4 is ready, may I have the web?"',
      'builder releases deploy:web.',
      'The train claims again and gets all three.',
      "builder wants it back and is refused: lane 'deploy:web' held by 'train' (lease Ns remaining).",
      'It reports 10 %, 50 %, 100 %: each taken only because it holds deploy:web.',
      'It releases all three.',
      'A report that comes late is refused: its tenure is over.',
      'The history of deploy:web ends with: release by train, "1.4 is out".',
    ])
  })
})

describe('examples/human-in-the-loop.ts', () => {
  it('goes on with the answer of a person, who uses the command line', async () => {
    expect(await play('human-in-the-loop.ts')).toEqual([
      'deployer claims deploy:production, kept alive for as long as it waits.',
      'deployer asks: "Release 1.4 is built and tested. Deploy to production? Answer yes or no in this topic."',
      'olivia types "bus-mcp attention" and sees the question.',
      'olivia types the answer, and "bus-mcp ack 1".',
      'deployer reads: olivia: "yes, but watch the error rate"',
      'Nothing waits for a person any more; the log says that olivia saw to it.',
      'deployer deploys, and releases deploy:production.',
    ])
  })
})

describe('the examples', () => {
  it('are each run by a test, and named in their table', () => {
    const programs = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts') && file !== 'stage.ts')
    const tests = readTree('test/e2e', '.test.ts').map(({ text }) => text)
    const [table] = readTree('examples', 'README.md')
    for (const program of programs) {
      expect(tests.some((text) => text.includes(`describe('examples/${program}'`))).toBe(true)
      expect(table?.text).toContain(`| [${program}](${program}) |`)
    }
  })
})
