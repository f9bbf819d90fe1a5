/**
 * `npm run soak -- --minutes 30`: 200 agents on a bus of its own, with faults on. Ends by itself; with Ctrl-C sooner, with
 * its summary, and with a second one at once. Ends with 1 when a promise was broken or a criterion was not met.
 */
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { takeSeed } from '../test/correctness/random.ts'
import { describeSample } from '../test/soak/samples.ts'
import { runSoak, type SoakOptions, type SoakReport, shareOut } from '../test/soak/soak.ts'
import { describeCriterion } from '../test/soak/verdict.ts'
import { bundle } from './bundle.ts'

/** With 200 agents some hundred calls a second: two cores are busy with it, and not for all of the time. */
const THINK_MS = 500

const options = {
  minutes: { type: 'string', default: '5' },
  agents: { type: 'string', default: '200' },
  'think-ms': { type: 'string', default: String(THINK_MS) },
  seed: { type: 'string' },
  'no-faults': { type: 'boolean', default: false },
} as const

const asked = readArguments()
if (typeof asked === 'string') {
  console.error(asked)
  process.exitCode = 2
} else await soak(asked)

type Asked = Pick<SoakOptions, 'minutes' | 'agents' | 'thinkMs' | 'seed' | 'hasFaults'>

/** What is to be done, or the line that says why nothing is. */
function readArguments(): Asked | string {
  const usage = 'there are --minutes, --agents, --think-ms, --seed with a positive number, and --no-faults'
  try {
    const { values } = parseArgs({ options })
    const { minutes, agents, 'think-ms': thinkMs, seed = takeSeed() } = values
    const numbers = { minutes: Number(minutes), agents: Number(agents), thinkMs: Number(thinkMs), seed: Number(seed) }
    const isRight = Object.values(numbers).every((value) => Number.isFinite(value) && value > 0)
    return isRight ? { ...numbers, hasFaults: !values['no-faults'] } : usage
  } catch (error) {
    return `${error instanceof Error ? error.message.split('. ')[0] : error}: ${usage}`
  }
}

async function soak({ minutes, agents, thinkMs, seed, hasFaults }: Asked): Promise<void> {
  await bundle()
  const shares = Object.entries(shareOut(agents)).map(([name, count]) => `${count} ${name}`)
  console.log(`${minutes} min, ${shares.join(', ')}; each thinks ${thinkMs} ms on average; seed ${seed}`)
  const ending = new AbortController()
  let endAtOnce = () => {}
  const onSignal = () => {
    if (ending.signal.aborted) endAtOnce()
    console.log('ending; once more ends at once')
    ending.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const report = await runSoak({
    ...{ minutes, agents, thinkMs, seed, hasFaults },
    signal: ending.signal,
    onSample: (sample) => console.log(describeSample(sample)),
    onAlarm: ({ kind, text }) => console.error(`ALARM ${kind}: ${text}`),
    onBus: (bus, folder) => {
      endAtOnce = () => {
        bus.destroy()
        rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
        process.exit(130)
      }
    },
  })
  tell(report)
  process.off('SIGINT', onSignal)
  process.off('SIGTERM', onSignal)
}

function tell({ criteria, alarms, counts, log }: SoakReport): void {
  console.log(
    `\n${Object.entries(counts)
      .map(([name, value]) => `${name}: ${value.toLocaleString('en-US')}`)
      .join(', ')}`,
  )
  for (const criterion of criteria) console.log(describeCriterion(criterion))
  if (alarms.length > 0) console.log(`the end of the bus's log:\n${log}`)
  if (criteria.some(({ isMet }) => isMet === false)) process.exitCode = 1
}
