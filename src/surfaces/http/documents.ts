import type { BoundOperation } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import { type AppError, commonError } from '../../core/errors.ts'
import { once } from '../../core/once.ts'
import { RETRY_AFTER_MS } from '../../core/waits.ts'
import { READY_PATH } from '../../core/wire.ts'
import { buildOpenApi } from './openapi.ts'

export interface DocumentSource {
  readonly operations: readonly BoundOperation[]
  readonly context: Pick<Context, 'database' | 'settings' | 'waits'>
  /** The figures of the bus, in Prometheus' text format. */
  readonly metrics: () => Promise<string>
}

/** What the server answers beside the API, to GET and HEAD. */
export interface ServerDocument {
  readonly path: string
  /** One sentence for people. */
  readonly summary: string
  /** JSON when left out. */
  readonly type?: string
  /** Made once for a server, asked for each request; resolves with the text. */
  readonly create: (source: DocumentSource) => () => Promise<string>
}

export const serverDocuments: readonly ServerDocument[] = [
  {
    path: '/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    create: ({ operations, context }) => {
      const { version } = context.settings
      const document = once(() =>
        JSON.stringify(
          buildOpenApi(
            operations.map(({ operation }) => operation),
            version,
          ),
        ),
      )
      return async () => document()
    },
  },
  {
    path: '/healthz',
    summary: 'Alive: `{"ok": true, "version": "…"}` whenever the process answers.',
    create:
      ({ context }) =>
      async () =>
        JSON.stringify({ ok: true, version: context.settings.version }),
  },
  {
    path: READY_PATH,
    summary:
      'Ready: `{"ok": true, "durability": "…"}` after a write to the store; 503 `store_unavailable` when it cannot write or takes more than 5 s, and while the bus ends.',
    create: ({ context }) => {
      const { database, waits } = context
      const probe = createSharedProbe(() => database.probe())
      return async () => {
        if (waits.stopping.aborted) throw notReady('the bus is stopping')
        await probe()
        return JSON.stringify({ ok: true, durability: database.durability() })
      }
    },
  },
  {
    path: '/metrics',
    summary: 'The figures of the bus in Prometheus’ text format; see the guide on operations.',
    type: 'text/plain; version=0.0.4; charset=utf-8',
    create:
      ({ metrics }) =>
      () =>
        metrics(),
  },
]

/** How long a probe may take, in milliseconds: whoever asks gives up sooner or later, and is to be told why. */
const PROBE_MS = 5_000

/** Each probe is a write: those who ask at the same time share one, so that asking often costs nothing. */
function createSharedProbe(probe: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= probe().finally(() => {
      running = undefined
    })
    return withinTime(running)
  }
}

async function withinTime(probe: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notReady(`the store has not answered for ${PROBE_MS / 1000} s`)), PROBE_MS)
  })
  try {
    await Promise.race([probe, late])
  } finally {
    clearTimeout(timer)
  }
}

function notReady(reason: string): AppError {
  return commonError('store_unavailable', `not ready: ${reason} -- try again later`, { retry_after_ms: RETRY_AFTER_MS })
}
