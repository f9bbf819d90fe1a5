/** How long is an agent's wait for its tools: the MCP server's start until `tools/list` is answered, beside a bare one's? */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundleOne } from '../scripts/bundle.ts'
import { quantile } from './support/measure.ts'

const STARTS = 15

export async function run(rounds: number): Promise<void> {
  console.log('\nfrom the start of the process to the answer of tools/list, in milliseconds')
  const folder = mkdtempSync(join(tmpdir(), 'bus-mcp-bench-'))
  try {
    const bare = join(folder, 'bare.mjs')
    await bundleOne('bench/support/bare-server.ts', bare)
    const programs = { 'bare SDK script': bare, 'bus-mcp': join(import.meta.dirname, '../dist/main.js') }
    const times: Record<string, number[]> = { 'bare SDK script': [], 'bus-mcp': [] }
    // In turns, so that a busy moment of the machine hits both; the first ones only warm the disk.
    for (let round = -2; round < STARTS * rounds; round += 1) {
      for (const [name, file] of Object.entries(programs)) {
        const time = await measureStart(file)
        if (round >= 0) times[name]?.push(time)
      }
    }
    for (const all of Object.values(times)) all.sort((one, other) => one - other)
    for (const [name, all] of Object.entries(times)) {
      console.log(
        `  ${name.padEnd(16)} p50 ${quantile(all, 0.5).toFixed(0)}, p90 ${quantile(all, 0.9).toFixed(0)} of ${all.length}`,
      )
    }
    const ratio = quantile(times['bus-mcp'] ?? [], 0.5) / quantile(times['bare SDK script'] ?? [], 0.5)
    console.log(`  ratio of the medians ${ratio.toFixed(2)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** As a client does: spawn, initialize, tools/list. */
async function measureStart(file: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const clientInfo = { name: 'bench', version: '1.0.0' }
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
  send({ method: 'notifications/initialized' })
  send({ id: 2, method: 'tools/list' })
  await untilAnswered(child, 2)
  const time = performance.now() - startedAt
  const ended = once(child, 'exit')
  child.stdin.end()
  await ended
  return time
}

async function untilAnswered({ stdout }: ChildProcess, id: number): Promise<void> {
  if (!stdout) throw new Error('the server has no output')
  for await (const line of createInterface({ input: stdout })) if (JSON.parse(line).id === id) return
  throw new Error('the server ended without an answer')
}
