import packageFile from '../../package.json' with { type: 'json' }
import { VERSION } from '../../src/config.ts'
import { mcpSettings, type Setting } from '../../src/settings.ts'

/** server.json: what the MCP registry lists, in the format of 2025-12-11. */
export function renderServerFile(): string {
  const file = {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: packageFile.mcpName,
    title: packageFile.name,
    description: packageFile.description,
    version: VERSION,
    packages: [
      {
        registryType: 'npm',
        identifier: packageFile.name,
        version: VERSION,
        transport: { type: 'stdio' },
        environmentVariables: Object.values<Setting>(mcpSettings).map(toVariable),
      },
    ],
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

function toVariable({ env, summary, isSecret, schema }: Setting) {
  // Only what a variable can say: other settings have a standard that depends on the process.
  const standard = schema.parse(undefined)
  return {
    name: env,
    description: summary,
    ...(isSecret ? { isSecret } : {}),
    ...(standard === undefined ? {} : { default: String(standard) }),
  }
}
