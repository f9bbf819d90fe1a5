import { toJsonSchema } from '../../src/core/json-schema.ts'
import type { AnyOperation } from '../../src/core/operation.ts'
import { createLaneMapSchema } from '../../src/surfaces/cli/hook/lane-map.ts'

/** docs/reference/bus-json.schema.json, for editors. */
export function renderLaneMapSchema(operations: readonly AnyOperation[]): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: '.bus.json',
    description: 'Which lanes of bus-mcp stand for which paths of a repository.',
    ...toJsonSchema(createLaneMapSchema(operations), 'input'),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
