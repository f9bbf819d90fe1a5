import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { readInstallLinks } from './support/badges.ts'
import { readRoot } from './support/tree.ts'

const config = { command: 'npx', args: ['-y', packageFile.name] }
const encoded = encodeURIComponent(JSON.stringify(config))

describe('the badges of README.md', () => {
  it('install our package, under the name that bus-mcp connect uses', () => {
    const links = readRoot('README.md').flatMap(({ text }) => readInstallLinks(text))
    expect(links).toEqual([
      { client: 'insiders.vscode.dev', name: 'bus', config },
      { client: 'cursor.com', name: 'bus', config },
    ])
  })

  it.each([
    [
      'another program',
      `[a](https://insiders.vscode.dev/redirect/mcp/install?name=bus&config=${encoded.replace('npx', 'npm')})`,
    ],
    ['what cannot be read', '[a](https://cursor.com/en/install-mcp?name=bus&config=e30oops)'],
    ['another name', `[a](https://insiders.vscode.dev/redirect/mcp/install?name=b&config=${encoded})`],
  ])('are told when they install %s', (_, text) => {
    const links = readInstallLinks(text)
    expect(links).toHaveLength(1)
    expect(links).not.toContainEqual(expect.objectContaining({ name: 'bus', config }))
  })
})
