import type { BoundOperation } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import { buildOpenApi } from './openapi.ts'

export interface DocumentSource {
  readonly operations: readonly BoundOperation[]
  readonly context: Pick<Context, 'database' | 'settings'>
}

/** What the server answers beside the API, to GET and HEAD. */
export interface ServerDocument {
  readonly path: string
  /** One sentence for people. */
  readonly summary: string
  /** Made once for a server, asked for each request. */
  readonly create: (source: DocumentSource) => () => Promise<unknown>
}

export const serverDocuments: readonly ServerDocument[] = [
  {
    path: '/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    create: ({ operations, context }) => {
      let document: unknown
      return async () => {
        document ??= buildOpenApi(
          operations.map(({ operation }) => operation),
          context.settings.version,
        )
        return document
      }
    },
  },
  {
    path: '/healthz',
    summary: 'Alive: `{"ok": true, "version": "…"}` whenever the process answers.',
    create:
      ({ context }) =>
      async () => ({ ok: true, version: context.settings.version }),
  },
  {
    path: '/readyz',
    summary:
      'Ready: `{"ok": true, "durability": "…"}` after a write to the store; 503 `store_unavailable` when it cannot write.',
    create:
      ({ context }) =>
      async () => {
        await context.database.probe()
        return { ok: true, durability: context.database.durability() }
      },
  },
]
