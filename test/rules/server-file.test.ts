import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import serverFile from '../../server.json' with { type: 'json' }
import { mcpSettings, type Setting } from '../../src/settings.ts'
import { checkServerFile } from './support/server-file.ts'
import { readRoot } from './support/tree.ts'

const [npm] = serverFile.packages

describe('server.json', () => {
  it('is as the registry wants it, and says the same as package.json', () => {
    expect(checkServerFile(serverFile, packageFile)).toEqual([])
  })

  it('names every variable of the MCP server, and hides the secret', () => {
    const settings: readonly Setting[] = Object.values(mcpSettings)
    expect(npm?.environmentVariables.map(({ name }) => name)).toEqual(settings.map(({ env }) => env))
    const secrets = npm?.environmentVariables.filter((variable) => 'isSecret' in variable && variable.isSecret)
    expect(secrets?.map(({ name }) => name)).toEqual(['BUS_WRITE_SECRET'])
  })

  it('has the name that README.md proves to the registry', () => {
    expect(readRoot('README.md').map(({ text }) => text.includes(`mcp-name: ${packageFile.mcpName} -->`))).toEqual([
      true,
    ])
  })

  it.each([
    ['no name', { ...serverFile, name: undefined }, 'name: '],
    ['a name without its owner', { ...serverFile, name: 'bus-mcp' }, 'name: reverse DNS with one slash'],
    ['the name of somebody else', { ...serverFile, name: 'io.github.ada/bus-mcp' }, 'name is not mcpName'],
    ['too long a description', { ...serverFile, description: 'x'.repeat(101) }, 'description: Too big'],
    ['a range of versions', { ...serverFile, version: '^0.2.0' }, 'version: one version, not a range'],
    ['an older version', { ...serverFile, version: '0.1.0' }, 'version is not that of package.json'],
    ['another package', { ...serverFile, packages: [{ ...npm, identifier: 'bus' }] }, 'bus is not our package'],
    ['no transport', { ...serverFile, packages: [{ ...npm, transport: undefined }] }, 'packages.0.transport: '],
    ['a field that is unknown', { ...serverFile, homepage: 'x' }, ': Unrecognized key'],
    [
      'a secret for everybody',
      {
        ...serverFile,
        packages: [{ ...npm, environmentVariables: [{ name: 'A', description: 'a', isSecret: true, default: 'b' }] }],
      },
      'A is a secret with a default',
    ],
  ])('is told when it has %s', (_, file, breach) => {
    expect(checkServerFile(JSON.parse(JSON.stringify(file)), packageFile).join('\n')).toContain(breach)
  })
})
