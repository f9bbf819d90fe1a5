import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { startFakeServer } from '../support/fake-server.ts'
import { connectHttp, connectStdio } from '../support/mcp.ts'
import { STOPPED, startBusProcess } from '../support/process.ts'
import { ask } from '../support/raw-http.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly status: { readonly code?: number }
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

/** Takes traces as a collector does, in JSON over HTTP. */
async function startCollector() {
  const texts: string[] = []
  const { port } = await startFakeServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      texts.push(text)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  const spans = (): Span[] =>
    texts
      .flatMap((text) => JSON.parse(text).resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap((scope) => scope.spans)
  return { endpoint: `http://127.0.0.1:${port}`, texts, spans }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`

const startTraced = (endpoint: string) =>
  startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  })

/** The names of the spans of a trace from its beginning to its end, where each has one child. */
function walk(spans: readonly Span[], traceId: string, from: string): string[] {
  const next = spans.find((span) => span.traceId === traceId && span.parentSpanId === from)
  return next ? [next.name, ...walk(spans, traceId, next.spanId)] : []
}

describe('a trace', () => {
  it('goes from the call of an agent’s client over stdio and HTTP to the store', async () => {
    const collector = await startCollector()
    const bus = await startTraced(collector.endpoint)
    const agent = await connectStdio('legacy', { BUS_MCP_BASE_URL: bus.apiUrl })
    await agent.client.callTool({
      name: 'claim_lane',
      arguments: { lane: 'zq-lane', owner: 'zq-owner', note: 'zq-note' },
      _meta: { traceparent },
    })
    await expect
      .poll(() => walk(collector.spans(), TRACE, 'b7ad6b7169203331'), { timeout: 10_000 })
      .toEqual(['POST /api/bus/lanes/{lane}/claim', 'lanes.claim', 'store write'])
    expect(collector.texts.join()).not.toContain('zq-')
    expect(collector.texts[0]).toContain('"bus-mcp"')
  })

  it('goes from the call of a client at /mcp to the store', async () => {
    const collector = await startCollector()
    const bus = await startTraced(collector.endpoint)
    const agent = await connectHttp('legacy', `${bus.origin}/mcp`)
    await agent.client.callTool({ name: 'read_messages', arguments: {}, _meta: { traceparent } })
    await expect
      .poll(() => walk(collector.spans(), TRACE, 'b7ad6b7169203331'), { timeout: 10_000 })
      .toEqual(['messages.read', 'store read'])
  })

  it('begins at the bus for who names none, and for who names none that is one', async () => {
    const collector = await startCollector()
    const bus = await startTraced(collector.endpoint)
    await ask(bus.origin, {
      path: '/api/bus/lanes/none',
      headers: { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
    })
    await createBusClient({ baseUrl: bus.apiUrl }).status.get({})
    const roots = () => collector.spans().filter(({ parentSpanId }) => !parentSpanId)
    await expect
      .poll(() => roots().map(({ name }) => name), { timeout: 10_000 })
      .toEqual(['GET /api/bus/lanes/{lane}', 'GET /api/bus/status'])
    // A refusal is an answer, and no error of the bus.
    const [refused] = roots()
    expect(refused?.status.code ?? 0).toBe(0)
    expect(refused?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 404 } })
  })

  it('keeps nobody waiting when the collector is away, which is told once', async () => {
    const bus = await startTraced('http://127.0.0.1:1')
    const client = createBusClient({ baseUrl: bus.apiUrl })
    for (let call = 0; call < 20; call++) await client.messages.post({ topic: 't', sender: 's', body: 'b' })
    await expect.poll(() => bus.stderr(), { timeout: 20_000 }).toContain('"event":"traces not sent"')
    expect(bus.stderr().match(/traces not sent/g)).toHaveLength(1)
    expect(await bus.stop()).toBe(STOPPED)
  })
})
