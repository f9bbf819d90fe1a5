import { type Import, listImports } from './imports.ts'
import type { SourceFile } from './tree.ts'

/**
 * Who may import what. `*` stands for one part of a path, `**` for any number of them; `{own}` is the same part in both
 * columns. The first row that fits a file is its law.
 */
interface Row {
  readonly from: string
  readonly may: readonly string[]
  /** With `import type` only. */
  readonly mayTypesOf?: readonly string[]
}

export const importLaw: readonly Row[] = [
  // The bin. What it imports is in its one file; the commands are behind an import at run time.
  {
    from: 'src/main.ts',
    may: [
      'src/settings.ts',
      'src/commands.ts',
      'src/config.ts',
      'src/core/*',
      'src/flags.ts',
      'src/stdio.ts',
      'src/terminal.ts',
    ],
  },
  {
    from: 'src/commands.ts',
    may: [
      'src/settings.ts',
      'src/completion.ts',
      'src/config.ts',
      'src/connection.ts',
      'src/core/*',
      'src/flags.ts',
      'src/maintain.ts',
      'src/product.ts',
      'src/serve.ts',
      'src/service.ts',
      'src/surfaces/cli/*',
      'src/surfaces/cli/hook/index.ts',
      'src/surfaces/cli/connect/index.ts',
      'src/terminal.ts',
    ],
  },
  {
    from: 'src/serve.ts',
    may: [
      'src/settings.ts',
      'src/app.ts',
      'src/config.ts',
      'src/telemetry/*',
      'src/core/*',
      'src/flags.ts',
      'src/move.ts',
      'src/surfaces/cli/*',
      'src/terminal.ts',
      'node:fs',
    ],
  },
  {
    from: 'src/maintain.ts',
    may: [
      'src/settings.ts',
      'src/backup.ts',
      'src/config.ts',
      'src/core/*',
      'src/flags.ts',
      'src/inspect.ts',
      'src/surfaces/cli/*',
      'src/terminal.ts',
    ],
  },
  {
    from: 'src/inspect.ts',
    may: ['src/capabilities/index.ts', 'src/core/*', 'src/store/*'],
  },
  { from: 'src/backup.ts', may: ['src/core/*', 'src/inspect.ts', 'src/store/sqlite/backup.ts'] },
  {
    from: 'src/service.ts',
    may: [
      'src/service-settings.ts',
      'src/settings.ts',
      'src/config.ts',
      'src/core/*',
      'src/flags.ts',
      'src/surfaces/cli/*',
      'src/surfaces/cli/service/index.ts',
      'src/terminal.ts',
      'node:**',
    ],
  },
  {
    from: 'src/flags.ts',
    may: ['src/config.ts', 'src/settings.ts', 'src/core/*', 'src/surfaces/cli/*', 'src/terminal.ts', 'node:**'],
  },
  {
    from: 'src/completion.ts',
    may: [
      'src/service-settings.ts',
      'src/settings.ts',
      'src/config.ts',
      'src/product.ts',
      'src/surfaces/cli/*',
      'src/surfaces/cli/completion/index.ts',
      'src/surfaces/cli/connect/index.ts',
      'src/surfaces/cli/hook/index.ts',
      'src/surfaces/cli/service/index.ts',
    ],
  },
  {
    from: 'src/terminal.ts',
    may: ['src/core/*', 'src/telemetry/line-writer.ts', 'src/telemetry/log.ts', 'src/telemetry/log-stream.ts'],
  },
  { from: 'src/connection.ts', may: ['src/client/index.ts', 'src/config.ts'] },
  // What the product can do, as the ways in need it.
  {
    from: 'src/product.ts',
    may: ['src/capabilities/index.ts', 'src/core/*', 'src/surfaces/mcp/selection.ts', 'src/surfaces/mcp/tools.ts'],
  },
  // Apart from it, for the commands need no server of MCP, and would have to load its library.
  { from: 'src/mcp-offer.ts', may: ['src/config.ts', 'src/core/*', 'src/product.ts', 'src/surfaces/mcp/*'] },
  {
    from: 'src/stdio.ts',
    may: [
      'src/client/index.ts',
      'src/config.ts',
      'src/connection.ts',
      'src/core/*',
      'src/mcp-offer.ts',
      'src/surfaces/mcp/*',
      'node:**',
    ],
  },
  {
    from: 'src/app.ts',
    may: [
      'src/chores.ts',
      'src/config.ts',
      'src/capabilities/index.ts',
      'src/client/index.ts',
      'src/core/*',
      'src/demo/index.ts',
      'src/descriptors.ts',
      'src/local-transport.ts',
      'src/mcp-offer.ts',
      'src/open-store.ts',
      'src/product.ts',
      'src/readings.ts',
      'src/watch-process.ts',
      'src/store/*',
      'src/surfaces/http/*',
      'src/telemetry/*',
      'src/surfaces/mcp/*',
      'node:**',
    ],
  },
  { from: 'src/chores.ts', may: ['src/core/*'] },
  { from: 'src/stall.ts', may: [] },
  { from: 'src/descriptors.ts', may: ['node:**'] },
  {
    from: 'src/local-transport.ts',
    may: ['src/core/*', 'src/client/index.ts', 'src/surfaces/http/*', 'node:**'],
  },
  // A caller like those outside, and so it knows what they know.
  { from: 'src/demo/**', may: ['src/core/*', 'src/client/index.ts', 'src/demo/**', 'node:timers/promises'] },
  { from: 'src/open-store.ts', may: ['src/capabilities/index.ts', 'src/core/*', 'src/store/index.ts'] },
  {
    from: 'src/move.ts',
    may: ['src/capabilities/index.ts', 'src/core/*', 'src/open-store.ts', 'src/store/transfer.ts'],
  },
  { from: 'src/service-settings.ts', may: ['src/settings.ts', 'zod'] },
  { from: 'src/settings.ts', may: ['src/core/*', 'src/setting-schemas.ts', 'zod'] },
  { from: 'src/setting-schemas.ts', may: ['src/core/*', 'zod', 'node:net'] },
  { from: 'src/config.ts', may: ['src/core/*', 'src/settings.ts', 'src/service-settings.ts', 'zod', 'node:**'] },
  {
    from: 'src/telemetry/*',
    may: ['src/core/*', 'src/telemetry/*', 'pino', 'prom-client', '@opentelemetry/**', 'node:**'],
    mayTypesOf: ['src/surfaces/http/observe.ts', 'node:http', 'node:stream'],
  },
  {
    from: 'src/watch-process.ts',
    may: ['src/core/*', 'src/descriptors.ts', 'src/stall.ts'],
    mayTypesOf: ['src/telemetry/metrics.ts'],
  },
  // What is read of a bus for its figures.
  {
    from: 'src/readings.ts',
    may: ['src/core/*', 'src/surfaces/http/server.ts', 'src/telemetry/metrics.ts', 'node:crypto'],
  },
  { from: 'src/core/*', may: ['src/core/*', 'zod'] },
  { from: 'src/store/sqlite/*', may: ['src/core/*', 'src/store/**', '@photostructure/sqlite', 'node:**'] },
  { from: 'src/store/postgres/*', may: ['src/core/*', 'src/store/**', 'pg', 'node:**'] },
  { from: 'src/store/**', may: ['src/core/*', 'src/store/**', 'node:**'] },
  { from: 'src/capabilities/index.ts', may: ['src/core/*', 'src/capabilities/*/index.ts'] },
  // The fields and shapes that contracts are written with, their own and each other's.
  { from: 'src/capabilities/{own}/schemas.ts', may: ['src/core/*', 'zod'] },
  { from: 'src/capabilities/{own}/contract.ts', may: ['src/core/*', 'src/capabilities/*/schemas.ts', 'zod'] },
  {
    from: 'src/capabilities/{own}/*',
    may: ['src/core/*', 'src/capabilities/{own}/*', 'src/capabilities/*/index.ts', 'zod'],
  },
  {
    from: 'src/surfaces/mcp/*',
    may: ['src/core/*', 'src/surfaces/mcp/*', '@modelcontextprotocol/**', 'zod', 'node:**'],
  },
  {
    from: 'src/surfaces/cli/*',
    may: ['src/core/*', 'src/surfaces/cli/*', 'src/client/index.ts', 'cross-spawn', 'node:**'],
  },
  // A part of the command line with its own door; it reads a file of the repository that it runs in.
  {
    from: 'src/surfaces/cli/hook/*',
    may: [
      'src/core/*',
      'src/surfaces/cli/hook/*',
      'src/surfaces/cli/*',
      'src/client/index.ts',
      'picomatch',
      'zod',
      'node:**',
    ],
  },
  { from: 'src/surfaces/cli/completion/*', may: ['src/surfaces/cli/command.ts', 'src/surfaces/cli/completion/*'] },
  {
    from: 'src/surfaces/cli/service/*',
    may: [
      'src/surfaces/cli/command.ts',
      'src/surfaces/cli/end-process.ts',
      'src/surfaces/cli/quote.ts',
      'src/surfaces/cli/service/*',
      'node:**',
    ],
  },
  // The configuration files of other programs, and so their parsers: behind one door, for few ever need them.
  {
    from: 'src/surfaces/cli/connect/*',
    may: [
      'src/core/*',
      'src/surfaces/cli/command.ts',
      'src/surfaces/cli/connect/*',
      'jsonc-parser',
      'smol-toml',
      'node:**',
    ],
  },
  // Runs in a browser, and is a client like any other.
  {
    from: 'src/surfaces/panel/**',
    may: ['src/surfaces/panel/**', 'src/client/index.ts', 'preact', 'preact/hooks', '@preact/signals'],
  },
  { from: 'src/surfaces/{own}/*', may: ['src/core/*', 'src/surfaces/{own}/*', 'node:**'] },
  // The one file of the client that needs Node; everything else runs in a browser, too.
  { from: 'src/client/node-transport.ts', may: ['src/client/transport.ts', 'node:**'] },
  {
    from: 'src/client/*',
    may: ['src/core/errors.ts', 'src/core/wire.ts', 'src/client/*'],
    // The types of a contract are spelled in zod's.
    mayTypesOf: ['src/capabilities/*/contract.ts', 'zod'],
  },
]

/** The imports that the law does not allow, and the files that it has no row for. */
export function checkImportLaw(files: readonly SourceFile[], law = importLaw): string[] {
  return files.flatMap((file) => {
    const row = law.find(({ from }) => toPattern(from).test(file.path))
    if (!row) return [`${file.path} has no place in the import law`]
    const own = toPattern(row.from).exec(file.path)?.groups?.own ?? ''
    return listImports(file)
      .filter((found) => !isAllowed(found, row, own))
      .map(({ from, to, isTypeOnly }) => `${from} may not import ${isTypeOnly ? 'types of ' : ''}${to}`)
  })
}

function isAllowed({ to, isTypeOnly }: Import, { may, mayTypesOf = [] }: Row, own: string): boolean {
  const allowed = isTypeOnly ? [...may, ...mayTypesOf] : may
  return allowed.some((glob) => toPattern(glob.replace('{own}', own)).test(to))
}

function toPattern(glob: string): RegExp {
  const source = glob
    .replaceAll('.', '\\.')
    .replaceAll('{own}', '(?<own>[^/]+)')
    .replace(/\*\*|\*/g, (stars) => (stars === '**' ? '.+' : '[^/]+'))
  return new RegExp(`^${source}$`)
}
