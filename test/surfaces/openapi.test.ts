import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { operations } from '../../src/product.ts'
import { buildOpenApi } from '../../src/surfaces/http/openapi.ts'
import { startTestBus } from '../support/bus.ts'
import { findFaults, findUndocumented, type Schema } from '../support/json-schema.ts'
import { ask } from '../support/raw-http.ts'
import { describeState, hello, named, reads, refusals, startRefusingBus, write, writes } from '../support/refusals.ts'
import { refusedBodies, refusedFields } from '../support/refused-fields.ts'

interface Content {
  readonly description: string
  readonly content: { readonly 'application/json': { readonly schema: Schema } }
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: Omit<Content, 'description'> & { readonly required: boolean }
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly responses: Readonly<Record<string, Content>>
}

interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly securitySchemes: Readonly<Record<string, unknown>>
  }
}

// As it goes over the wire. That it has this shape is what the first tests assert.
const document = JSON.parse(JSON.stringify(buildOpenApi(operations, VERSION))) as Document

const described = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation, id: operation.operationId })),
)
const byId = new Map(described.map((entry) => [entry.id, entry.operation]))

function resolve(ref: string): Schema {
  const name = ref.replace('#/components/schemas/', '')
  const schema = document.components.schemas[name]
  if (!schema) throw new Error(`${ref} points to nothing`)
  return schema
}

function schemaOf(id: string, status: number): Schema {
  const schema = byId.get(id)?.responses[status]?.content['application/json'].schema
  if (!schema) throw new Error(`${id} does not document ${status}`)
  return schema
}

describe('the OpenAPI document', () => {
  it('is what the bus serves at /openapi.json', async () => {
    const { origin } = await startTestBus()
    expect((await ask(origin, { path: '/openapi.json' })).fields).toEqual(document)
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'bus-mcp', version: VERSION } })
  })

  it('describes every operation that has a route, each once', () => {
    const routes = operations.flatMap(({ id, http }) => (http ? [`${http.method} /api/bus${http.path} ${id}`] : []))
    expect(described.map(({ path, method, id }) => `${method.toUpperCase()} ${path} ${id}`).sort()).toEqual(
      routes.sort(),
    )
    expect(byId.size).toBe(described.length)
  })

  it('points to nothing that is not there, and holds nothing that nobody points to', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref)
    for (const ref of refs) expect(resolve(ref)).toBeTypeOf('object')
    const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect(names.filter((name) => !refs.includes(name))).toEqual([])
    expect(JSON.stringify(document)).not.toContain('$defs')
  })

  it.each(described)('describes $method $path in full', ({ path, method, operation }) => {
    const { parameters, requestBody, responses, security } = operation
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/)
    const input = operations.find(({ id }) => id === operation.operationId)?.input.shape ?? {}
    const required = Object.keys(input).filter((name) => !input[name]?.safeParse(undefined).success)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath)
    for (const parameter of parameters) {
      expect(['path', 'query']).toContain(parameter.in)
      expect(parameter.required).toBe(parameter.in === 'path' || required.includes(parameter.name))
      expect(parameter.schema).toHaveProperty('type')
    }
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length)
    expect(requestBody !== undefined).toBe(method === 'post')
    expect(security).toEqual(method === 'post' ? [{}, { writeSecret: [] }] : undefined)
    expect(Object.keys(responses)).toContain('200')
    for (const [status, { description, content }] of Object.entries(responses)) {
      expect(status).toMatch(/^[245]\d\d$/)
      expect(description).toMatch(/\S/)
      expect(content['application/json'].schema).toBeTypeOf('object')
    }
  })

  it('asks for no field that it does not describe', () => {
    const schemas = JSON.stringify(document, (_, value: Schema) => {
      const missing = Array.isArray(value?.required) ? value.required.filter((name) => !value.properties?.[name]) : []
      return missing.length > 0 ? { undescribed: missing } : value
    })
    expect(schemas).not.toContain('undescribed')
  })
})

describe('what the bus answers', () => {
  it.each(Object.keys({ ...reads, ...writes }))('to %s is as documented, to the last field', async (id) => {
    const bus = await startRefusingBus()
    await bus.client.lanes.claim({ lane: 'own', owner: 'session-A', note: 'busy' })
    await bus.client.messages.post({ ...hello, action_flag: true })
    await bus.client.messages.ack({ id: 1, sender: 'session-A' })
    const { path = '', body } = writes[id] ?? {}
    const { status, fields } = await ask(bus.origin, body ? write(path, body) : { path: `/api/bus${reads[id]}` })
    expect(status).toBe(200)
    expect(findFaults(schemaOf(id, 200), fields, resolve)).toEqual([])
    expect(findUndocumented(schemaOf(id, 200), fields, resolve)).toEqual([])
  })

  it.each(Object.entries(writes))(
    'to a right request for %s is an answer to one that is as documented',
    (id, { body }) => {
      const schema = byId.get(id)?.requestBody?.content['application/json'].schema ?? {}
      expect(findFaults(schema, body, resolve)).toEqual([])
      expect(findUndocumented(schema, body, resolve)).toEqual([])
    },
  )

  it.each(named([...refusals, ...refusedBodies]))('as a refusal is documented: %s', async (_, refusal) => {
    const { origin } = await startRefusingBus()
    const { fields } = await ask(origin, refusal.request)
    const schema = schemaOf(refusal.operation, refusal.status)
    expect(findFaults(schema, fields, resolve)).toEqual([])
    expect(findUndocumented(schema, fields, resolve)).toEqual([])
  })

  it.each(Object.entries(writes))(
    'as a refusal of a key that named another request: %s',
    async (id, { path, body }) => {
      const { origin } = await startRefusingBus()
      const key = { 'idempotency-key': 'key' }
      await ask(origin, write('/message', hello, key))
      const { status, fields } = await ask(origin, write(path, { ...body, topic: 'another' }, key))
      expect(fields).toMatchObject({ code: 'idempotency_key_reused' })
      expect(findFaults(schemaOf(id, status), fields, resolve)).toEqual([])
    },
  )

  it('as a refusal of any field is documented', async () => {
    const bus = await startRefusingBus()
    for (const { operation, request, status, when } of refusedFields) {
      const { fields } = await ask(bus.origin, request)
      expect(findFaults(schemaOf(operation, status), fields, resolve), when).toEqual([])
    }
  })
})

describe('the check against the document', () => {
  it('finds a missing field, a wrong type, a wrong constant and an unknown field, however deep', async () => {
    const bus = await startRefusingBus()
    const { lane, server_time } = await bus.client.lanes.get({ lane: 'feeds' })
    const schema = schemaOf('lanes.get', 200)
    const faults = (value: unknown) => findFaults(schema, value, resolve)
    expect(faults({ lane, server_time })).toEqual([])
    expect(faults({ lane })).toEqual(['$.server_time is missing'])
    expect(faults({ lane: { ...lane, fence: '1' }, server_time })).toEqual(['$.lane.fence is no integer: "1"'])
    expect(faults({ lane: { ...lane, state: 'lost' }, server_time })).toEqual([
      '$.lane.state is none of free,held,orphaned',
    ])
    expect(faults({ lane: { ...lane, note: 1 }, server_time })).toEqual([expect.stringMatching(/^\$\.lane\.note /)])
    expect(faults({ lane, server_time: 'now' })).toEqual(['$.server_time is no moment'])
    expect(findUndocumented(schema, { lane: { ...lane, session: 's' } }, resolve)).toEqual(['$.lane.session'])
    const list = await describeState(bus)
    expect(findUndocumented(schemaOf('lanes.list', 200), list, resolve)).toContain('$.histories')
  })

  it('finds a refusal whose code the status does not have', async () => {
    const { origin } = await startRefusingBus()
    const { fields } = await ask(origin, write('/lanes/feeds/claim', { owner: 'session-A' }))
    const schema = schemaOf('lanes.claim', 409)
    expect(findFaults(schema, fields, resolve)).toEqual([])
    expect(findFaults(schema, { ...fields, code: 'lane_lost' }, resolve)).not.toEqual([])
    expect(findFaults(schema, { ...fields, retry_after_ms: undefined }, resolve)).not.toEqual([])
  })
})
