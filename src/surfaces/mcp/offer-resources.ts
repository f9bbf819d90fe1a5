import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Call } from './call.ts'
import type { Feed } from './feed.ts'
import { type Resource, readResource } from './resources.ts'
import { createSubscriptions } from './subscriptions.ts'
import type { CallerOf } from './tools.ts'

const MIME_TYPE = 'application/json'

/** What the resources of a server need. */
interface ResourceOffer {
  readonly resources: readonly Resource[]
  readonly look: Call
  readonly feed: Feed
}

/** Puts the resources on a server, with lists and completion of their names. */
export function offerResources(server: McpServer, { resources, look }: ResourceOffer, callerOf: CallerOf): void {
  const read = async (uri: URL, { mcpReq, http }: ServerContext): Promise<ReadResourceResult> => {
    const { call } = callerOf(http?.req?.headers)
    const text = await readText(resources, uri.href, call, mcpReq.signal)
    return { contents: [{ uri: uri.href, mimeType: MIME_TYPE, text }] }
  }
  for (const { spec, field, names, toUri } of resources) {
    const { uri, title, description } = spec
    const metadata = { title, description, mimeType: MIME_TYPE }
    const name = field ?? uri.replace('bus://', '')
    if (field === undefined) {
      server.registerResource(name, uri, metadata, read)
      continue
    }
    const template = new ResourceTemplate(uri, {
      list: async ({ mcpReq }) => ({
        resources: ((await names?.list(look, mcpReq.signal)) ?? []).map((one) => ({
          uri: toUri(one),
          name: one,
          title: `${title}: ${one}`,
        })),
      }),
      complete: { [field]: async (start: string) => (await names?.complete(start, look)) ?? [] },
    })
    server.registerResource(name, template, metadata, (found, _, context) => read(found, context))
  }
}

/** The text at a URI, for whoever shows it to a model. */
export async function readText(
  resources: readonly Resource[],
  uri: string,
  call: Call,
  signal: AbortSignal,
): Promise<string> {
  const result = await readResource(resources, uri, call, signal)
  if (result?.ok) return result.text
  if (!result || result.isMissing) throw new ResourceNotFoundError(uri)
  throw new ProtocolError(ProtocolErrorCode.InternalError, result.error.message, { ...result.error })
}

const NO_SESSION =
  'there is no session that could be told: begin with initialize, and send the Mcp-Session-Id that it answers'

/** Subscriptions in the revisions of 2025: by URI, on the connection. */
export function offerSubscriptions(server: McpServer, { resources, feed }: Omit<ResourceOffer, 'look'>): void {
  const subscriptions = createSubscriptions(feed, resources, (uri) => {
    // Whoever has gone needs no news.
    server.server.sendResourceUpdated({ uri }).catch(() => {})
  })
  server.server.setRequestHandler('resources/subscribe', ({ params }, { http, sessionId }) => {
    if (http && sessionId === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, NO_SESSION)
    if (!subscriptions.add(params.uri)) throw new ResourceNotFoundError(params.uri)
    return {}
  })
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscriptions.delete(params.uri)
    return {}
  })
  const { onclose } = server.server
  server.server.onclose = () => {
    subscriptions.close()
    onclose?.()
  }
}
