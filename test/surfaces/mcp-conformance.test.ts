import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { countChecks, listPassed, parseScenarios, runConformance, startConformanceBus } from '../support/conformance.ts'

/**
 * What the authors of the protocol require of a server, with the numbers of scenarios and checks in the suite's version; and
 * what of it needs no fixture, so that the product itself is held to it.
 */
const requirements = [
  {
    revision: '2025-11-25',
    scenarios: 30,
    checks: 70,
    bare: [
      'server-initialize',
      'ping',
      'tools-list',
      'server-sse-multiple-streams',
      'dns-rebinding-protection',
      'server-session-lifecycle',
    ],
  },
  {
    revision: '2026-07-28',
    scenarios: 37,
    checks: 118,
    bare: [
      'tools-list',
      'server-sse-multiple-streams',
      'sep-2164-resource-not-found',
      'dns-rebinding-protection',
      'input-required-result-unsupported-methods',
      'http-header-validation',
    ],
  },
] as const

/** Each run takes some seconds, and more on a busy machine. */
const RUN_LIMIT_MS = 90_000

describe.each(requirements)('the requirements of $revision', ({ revision, scenarios: count, checks, bare }) => {
  it('are all met by a bus that has what the suite calls by name', { timeout: RUN_LIMIT_MS }, async () => {
    const { mcpUrl } = await startConformanceBus()
    const { exitCode, scenarios, output } = await runConformance(mcpUrl, ['--requirements', revision])
    const required = scenarios.filter(({ isRequired }) => isRequired)
    expect({ exitCode, count: required.length }, output).toEqual({ exitCode: 0, count })
    expect(listPassed(required)).toHaveLength(count)
    const { passed, failed } = countChecks(required)
    expect(failed, output).toBe(0)
    expect(passed, output).toBeGreaterThanOrEqual(checks)
    console.info(`conformance ${revision}: ${count} scenarios, ${passed} checks`)
  })

  it('are met by the bus itself as far as they need no fixture, and told where they do', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const { mcpUrl } = await startTestBus()
    const { exitCode, scenarios, output } = await runConformance(mcpUrl, ['--requirements', revision])
    expect(listPassed(scenarios), output).toEqual(expect.arrayContaining([...bare]))
    expect(exitCode).toBe(1)
    const failed = scenarios.filter((scenario) => scenario.failed > 0).map(({ name }) => name)
    expect(failed).toContain('tools-call-simple-text')
  })
})

describe('the conformance suite', () => {
  it('tells a server that answers under a name that is not its own', { timeout: RUN_LIMIT_MS }, async () => {
    const scenario = ['--scenario', 'dns-rebinding-protection', '--spec-version', '2025-11-25']
    const strict = await startTestBus()
    expect((await runConformance(strict.mcpUrl, scenario)).exitCode).toBe(0)
    const lax = await startTestBus({ allowedHosts: ['evil.example.com'] })
    const { exitCode, output } = await runConformance(lax.mcpUrl, scenario)
    expect(exitCode, output).toBe(1)
  })

  it('is not taken to have passed when it ran nothing', () => {
    expect(parseScenarios('TypeError: cannot start\n')).toEqual([])
    const summary = '=== SUMMARY ===\n✓ a: 1 passed, 0 failed\n✗ b-2: 1 passed, 3 failed\n✓ c: 0 passed, 0 failed\n'
    const scenarios = parseScenarios(`✓ x: 9 passed, 0 failed\n${summary}\n  ✗ b-2 (pending)\n`)
    expect(scenarios.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['a', true],
      ['b-2', false],
      ['c', true],
    ])
    expect(listPassed(scenarios)).toEqual(['a'])
    expect(countChecks(scenarios)).toEqual({ passed: 2, failed: 3 })
  })
})
