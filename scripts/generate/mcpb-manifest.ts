import packageFile from '../../package.json' with { type: 'json' }
import { VERSION } from '../../src/config.ts'
import { operations } from '../../src/product.ts'
import { clientSettings, type Setting } from '../../src/settings.ts'

/** Where the MCP server is in a bundle. By its ending it is a module, wherever the bundle is unpacked. */
export const BUNDLED_SERVER = 'server/main.mjs'

/** What a person is asked for, beside what hardly anybody sets. */
const asked = {
  base_url: { title: 'Address of the bus', setting: clientSettings.baseUrl },
  agent_id: { title: 'Name of the agent', setting: clientSettings.agentId },
  write_secret: { title: 'Write secret', setting: clientSettings.writeSecret },
} as const satisfies Record<string, { title: string; setting: Setting }>

/** The manifest of an MCP bundle (MCPB 0.3). */
export function buildManifest() {
  return {
    manifest_version: '0.3',
    name: packageFile.name,
    display_name: packageFile.name,
    version: VERSION,
    description: packageFile.description,
    author: { name: packageFile.author },
    license: packageFile.license,
    keywords: packageFile.keywords,
    server: {
      type: 'node',
      entry_point: BUNDLED_SERVER,
      mcp_config: {
        command: 'node',
        args: [`\${__dirname}/${BUNDLED_SERVER}`],
        env: Object.fromEntries(
          Object.entries(asked).map(([key, { setting }]) => [setting.env, `\${user_config.${key}}`]),
        ),
      },
    },
    // Nobody is asked for a toolset, so it is those of the standard one.
    tools: operations.flatMap(({ tool, summary }) =>
      tool && tool.toolset === undefined ? [{ name: tool.name, description: summary }] : [],
    ),
    compatibility: { platforms: ['darwin', 'win32', 'linux'], runtimes: { node: packageFile.engines.node } },
    user_config: Object.fromEntries(
      Object.entries(asked).map(([key, { title, setting }]) => [key, toField(title, setting)]),
    ),
  }
}

function toField(title: string, { summary, isSecret, schema }: Setting) {
  const standard = schema.parse(undefined)
  return {
    type: 'string',
    title,
    description: summary,
    required: false,
    // What is left empty counts as not set; without a standard the reference itself would be the value.
    default: standard === undefined ? '' : String(standard),
    ...(isSecret ? { sensitive: true } : {}),
  }
}
