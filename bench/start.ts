/** How long until the bus, and the MCP server of an agent, give their first answer, beside bare ones? */
import { join } from 'node:path'
import { bundleOne } from '../scripts/bundle.ts'
import { MAIN } from './support/bus-process.ts'
import { sample } from './support/measure.ts'
import { type Answer, type Budget, cost, type Figure, type Target } from './support/question.ts'
import { type Workplace, withWorkplace } from './support/servers.ts'
import { dropFileCache, measureNode, measureServerStart, measureToolsStart } from './support/starts.ts'

export const asks = 'How long from the start of the process to the first answer, of the bus and of the MCP server?'

export const targets: readonly Target[] = [
  { name: 'bus.firstAnswer', says: 'from the start of the bus to its first answer', atMost: 400 },
]

const STARTS = 10
const COLD_STARTS = 3

export function run({ rounds, isFull }: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const starts = await prepareStarts(workplace)
    const warm = await sample(starts, STARTS * Math.ceil(rounds / 3), { warmUps: 2 })
    const cold = await measureCold(starts, isFull)
    const ofBare = (name: string, bare: string) => cost(`${name}.ofBare`, warm.ratio(name, bare))
    return {
      sections: [
        { title: 'files that the machine has in memory', figures: warm.all },
        ...(cold ? [{ title: 'files that are only on the disk', figures: cold }] : []),
      ],
      ratios: [
        cost('bus.firstAnswer', warm.of('bus, new file').median, 'ms'),
        ofBare('bus, new file', 'bare HTTP server'),
        ofBare('MCP server', 'bare MCP server'),
      ],
      notes: cold
        ? []
        : ['files that are only on the disk: measured by --full, where the system lets go of its cache on demand'],
    }
  })
}

async function prepareStarts(workplace: Workplace): Promise<Record<string, () => Promise<number>>> {
  const bareHttp = join(workplace.folder, 'bare-http.mjs')
  const bareMcp = join(workplace.folder, 'bare-mcp.mjs')
  await bundleOne('bench/support/echo-server.ts', bareHttp)
  await bundleOne('bench/support/bare-server.ts', bareMcp)
  await (await workplace.startBus('kept.db')).stop()
  let count = 0
  const startBus = (file: string) =>
    measureServerStart((port) => [
      MAIN,
      'serve',
      '--port',
      String(port),
      '--database-url',
      `sqlite:${join(workplace.folder, file)}`,
    ])
  return {
    'node alone': measureNode,
    'bare HTTP server': () => measureServerStart((port) => [bareHttp, String(port)]),
    'bus, new file': () => startBus(`new-${count++}.db`),
    'bus, file as it was left': () => startBus('kept.db'),
    'bare MCP server': () => measureToolsStart(bareMcp),
    'MCP server': () => measureToolsStart(MAIN),
  }
}

/** Undefined where the system cannot be told to forget what it has read, or where a short run leaves the others in peace. */
async function measureCold(
  starts: Readonly<Record<string, () => Promise<number>>>,
  isFull: boolean,
): Promise<readonly Figure[] | undefined> {
  if (!isFull || !dropFileCache()) return undefined
  const cold = Object.entries(starts).map(([name, start]) => {
    const startCold = () => {
      dropFileCache()
      return start()
    }
    return [name, startCold] as const
  })
  return (await sample(Object.fromEntries(cold), COLD_STARTS, { warmUps: 0 })).all
}
