import { VERSION } from '../../src/config.ts'
import { instructions, operations, prompts } from '../../src/product.ts'
import { buildOpenApi } from '../../src/surfaces/http/openapi.ts'
import { renderCli } from './cli.ts'
import { renderClientTable } from './client-table.ts'
import { renderConfig } from './config.ts'
import { renderErrors } from './errors.ts'
import { renderHttp } from './http.ts'
import { renderLaneMapSchema } from './lane-map.ts'
import { renderPerformance } from './performance.ts'
import { renderServerFile } from './server-file.ts'
import { renderTools } from './tools.ts'

/** Every generated file: its path from the root, with `/` on every system, and its text. */
export function renderFiles(): Map<string, string> {
  return new Map([
    ['src/client/operations.gen.ts', renderClientTable(operations)],
    ['docs/reference/http.md', renderHttp(operations)],
    ['docs/reference/tools.md', renderTools(operations, prompts, instructions)],
    ['docs/reference/cli.md', renderCli(operations)],
    ['docs/reference/config.md', renderConfig()],
    ['docs/reference/errors.md', renderErrors(operations)],
    ['docs/reference/bus-json.schema.json', renderLaneMapSchema(operations)],
    ['server.json', renderServerFile()],
    ['docs/reference/openapi.json', `${JSON.stringify(buildOpenApi(operations, VERSION), null, 2)}\n`],
    ...renderPerformance(),
  ])
}
