import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createMcpServer } from '../../src/surfaces/mcp/server.ts'
import { startTestBus, type TestBus } from './bus.ts'
import { conformanceOptions } from './conformance-asking.ts'
import { registerConformanceFixtures } from './conformance-fixtures.ts'
import { collect } from './process.ts'

const SUITE = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
const GLOB_SYNC = new URL('glob-sync.mjs', import.meta.url).href

export interface Scenario {
  readonly name: string
  /** How many of its checks. */
  readonly passed: number
  readonly failed: number
  /** Whether the requirements count it: not what is optional, or came later. */
  readonly isRequired: boolean
}

export interface ConformanceRun {
  readonly exitCode: number
  /** In the order in which they ran. */
  readonly scenarios: readonly Scenario[]
  readonly output: string
}

/** A bus as the product starts it, whose MCP servers have what the conformance suite calls beside the product's own tools. */
export function startConformanceBus(): Promise<TestBus> {
  return startTestBus({
    createMcpServer: (options, callerOf, opening) =>
      registerConformanceFixtures(createMcpServer(options, callerOf, opening, conformanceOptions)),
  })
}

/** Runs the conformance suite of the protocol's authors, as a process of its own. It knows of no failure that we expect. */
export async function runConformance(mcpUrl: string, args: readonly string[]): Promise<ConformanceRun> {
  const child = spawn(process.execPath, ['--import', GLOB_SYNC, SUITE, 'server', '--url', mcpUrl, ...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const [exitCode] = await once(child, 'close')
  const output = `${stdout()}${stderr()}`
  return { exitCode, scenarios: parseScenarios(output), output }
}

export function countChecks(scenarios: readonly Scenario[]): { passed: number; failed: number } {
  const sum = (numbers: number[]) => numbers.reduce((one, other) => one + other, 0)
  return {
    passed: sum(scenarios.map(({ passed }) => passed)),
    failed: sum(scenarios.map(({ failed }) => failed)),
  }
}

/** The names of those of which a check passed and none failed. */
export function listPassed(scenarios: readonly Scenario[]): string[] {
  return scenarios.filter(({ passed, failed }) => passed > 0 && failed === 0).map(({ name }) => name)
}

/** Reads the summary: a line for each scenario, then a line for each of those that do not count. */
export function parseScenarios(output: string): Scenario[] {
  const [, summary = ''] = output.split('=== SUMMARY ===')
  const uncounted = new Set([...summary.matchAll(/^ {2}\S ([\w-]+) \(/gm)].map(([, name]) => name))
  return [...summary.matchAll(/^\S ([\w-]+): (\d+) passed, (\d+) failed/gm)].map(([, name = '', passed, failed]) => ({
    name,
    passed: Number(passed),
    failed: Number(failed),
    isRequired: !uncounted.has(name),
  }))
}
