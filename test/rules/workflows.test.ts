import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import packageFile from '../../package.json' with { type: 'json' }
import { ROOT, readTree } from './support/tree.ts'
import { checkWorkflow, readWorkflow } from './support/workflows.ts'

const workflows = readTree('.github/workflows', '.yml')
const [ci, release] = ['ci', 'release'].map((name) => ({
  path: `${name}.yml`,
  text: workflows.find(({ path }) => path.endsWith(`/${name}.yml`))?.text ?? '',
}))
/** A branch may be called what ends the quotes. */
const INJECTED = `echo "\${{ github.head_ref }}"`
const runsOf = (name: string) => {
  const { jobs } = readWorkflow({ path: '', text: release?.text ?? '' })
  return jobs[name]?.steps.flatMap(({ run = '' }) => run) ?? []
}

describe('the workflows', () => {
  it('are as few as they are known, pin what they use, and have no right that they do not need', () => {
    expect(workflows.map(({ path }) => path)).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml'])
    expect(workflows.flatMap(checkWorkflow)).toEqual([])
  })

  it.each([
    [/actions\/checkout@\w+ # v\S+/, 'actions/checkout@v6', 'does not pin actions/checkout@v6'],
    [/(actions\/checkout@\w+) # v\S+/, '$1', 'does not pin actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd'],
    ['contents: read', 'contents: write', 'may write contents in all jobs'],
    ['pull_request:', 'pull_request_target:', 'runs the code of strangers with our rights'],
    ['    timeout-minutes: 60\n', '', 'test may run for ever'],
    ['run: npm ci', `run: ${INJECTED}`, `test puts a value into a script: ${INJECTED}`],
    ['persist-credentials: false', 'persist-credentials: true', 'test leaves its credentials in the checkout'],
    ['    steps:', '    permissions: { id-token: write }\n    steps:', "test runs others' code with rights: npm ci"],
  ])('are told when %s is %j', (found, planted, breach) => {
    const text = (ci?.text ?? '').replace(found, planted)
    expect(text).not.toBe(ci?.text)
    expect(checkWorkflow({ path: 'ci.yml', text })).toContain(`ci.yml: ${breach}`)
  })

  it('cannot be read without rights, nor when they are no YAML', () => {
    const text = ci?.text ?? ''
    expect(() => checkWorkflow({ path: 'ci.yml', text: text.replace(/permissions:\n.*\n/, '') })).toThrow('permissions')
    expect(() => checkWorkflow({ path: 'ci.yml', text: `${text}\n  - [` })).toThrow()
  })
})

describe('ci', () => {
  it('tests on every system and every Node that the package admits, the oldest first', () => {
    const { matrix } = parse(ci?.text ?? '').jobs.test.strategy
    expect(matrix.os).toEqual(['ubuntu-latest', 'macos-latest', 'windows-latest'])
    expect(`>=${matrix.node[0]}`).toBe(packageFile.engines.node)
  })
})

describe('the release', () => {
  it('checks all before it hands anything on, and publishes with provenance what was built then', () => {
    const build = runsOf('build').join('\n')
    const wanted = [
      'npm ci',
      'npm audit signatures',
      'npm run check',
      'npm test',
      'npm pack',
      'npm run mcpb',
      'npm run sbom',
    ]
    const places = wanted.map((command) => build.indexOf(command))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    const { jobs } = readWorkflow({ path: '', text: release?.text ?? '' })
    expect(jobs.publish).toMatchObject({ needs: 'build', permissions: { 'id-token': 'write' } })
    expect(runsOf('publish').at(-1)).toMatch(/^npm publish ".*\.tgz" --provenance --access public/)
    expect(jobs.assets?.needs).toContain('publish')
  })

  it('runs only scripts that there are', () => {
    const named = [...(release?.text ?? '').matchAll(/npm run (\w+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !Object.keys(packageFile.scripts).includes(name))).toEqual([])
  })
})

describe('dependabot', () => {
  it('looks at everything that is pinned: packages, actions and the image', () => {
    const { version, updates } = parse(readFileSync(join(ROOT, '.github/dependabot.yml'), 'utf8'))
    expect(version).toBe(2)
    const watched = updates.map((one: Record<string, unknown>) => one['package-ecosystem'])
    expect(watched).toEqual(['npm', 'github-actions', 'docker'])
  })
})
