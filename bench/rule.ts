/** What does the rule itself cost, what the operation around it, and what HTTP? */

import { decide, type Lane } from '../src/capabilities/lanes/decide.ts'
import { openDirectBus } from '../test/correctness/direct-bus.ts'
import { type Figures, measure } from './support/measure.ts'
import { type Answer, type Budget, rate, type Target } from './support/question.ts'
import { type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'What does the rule of the lane cost, what does the operation around it, and what does HTTP?'
export const targets: readonly Target[] = []

const CALLERS = 64
/** One decision is shorter than the clock can tell. */
const DECISIONS = 1_000

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const figures = await measureAll(workplace, budget)
    const all = figures.all.map((figure) => (figure.name === 'decide' ? perDecision(figure) : figure))
    return {
      sections: [{ title: `${CALLERS} callers; a database in memory, so that no disk is in it`, figures: all }],
      ratios: ['post', 'claim'].flatMap((name) => [
        rate(`${name}.http.ofInvoke`, figures.ratio(`${name}, HTTP`, `${name}, in process`)),
        rate(`${name}.http.ofEcho`, figures.ratio(`${name}, HTTP`, 'bare echo')),
      ]),
    }
  })
}

function perDecision(figure: Figures['all'][number]): Figures['all'][number] {
  const { name, unit, median, lowest, highest } = figure
  return { name, unit, median: median * DECISIONS, lowest: lowest * DECISIONS, highest: highest * DECISIONS }
}

async function measureAll(workplace: Workplace, budget: Budget): Promise<Figures> {
  const direct = await openDirectBus({ path: ':memory:', minLeaseMs: 1_000, maxLeaseMs: 86_400_000 })
  workplace.atEnd(direct.close)
  const bus = await workplace.startBusWith(['--database-url', 'sqlite::memory:'])
  const echo = await workplace.startEcho()
  const [toBus, toEcho] = [await bus.open(CALLERS), await echo.open(CALLERS)]
  const message = { topic: 'bench', sender: 'bench', body: 'x'.repeat(200) }
  const claim = { lane: 'lane', owner: 'bench' }
  const call = (id: string, input: object) => async () => {
    const { status } = await direct.call(id, input)
    if (status !== 200) throw new Error(`${id} was refused with ${status}`)
  }
  const posted = bus.toRequest('POST', '/api/bus/message', message)
  const claimed = bus.toRequest('POST', '/api/bus/lanes/lane/claim', claim)
  const echoed = echo.toRequest('POST', '/?bytes=300', message)
  const of = (name: string, run: () => Promise<unknown>) => [{ name, callers: CALLERS, call: run }]
  const figures = await measure(
    [
      [{ name: 'decide', callers: 1, call: decideOften }],
      of('bare echo', () => toEcho.send(echoed)),
      of('post, in process', call('messages.post', message)),
      of('post, HTTP', () => toBus.send(posted)),
      of('claim, in process', call('lanes.claim', claim)),
      of('claim, HTTP', () => toBus.send(claimed)),
    ],
    budget,
  )
  toBus.close()
  toEcho.close()
  return figures
}

/** Claims of a lane that the claimant holds, one after another. */
async function decideOften(): Promise<void> {
  const command = { kind: 'claim', owner: 'bench', session: undefined, leaseMs: 300_000, note: undefined } as const
  let lane: Lane | undefined
  for (let now = 1; now <= DECISIONS; now += 1) {
    const decision = decide('lane', lane, command, now)
    if (!('next' in decision)) throw new Error('the claim of the holder was refused')
    lane = decision.next
  }
}
