/** What does a lane cost that many want: how often does it change hands, and how soon has the next one it? */
import { setTimeout as sleep } from 'node:timers/promises'
import { openDiskFloor } from './support/disk-floor.ts'
import { alone, type Figures, measure, sample, timed } from './support/measure.ts'
import { type Answer, type Budget, cost, rate, type Target } from './support/question.ts'
import type { RawLoad } from './support/raw-load.ts'
import { type Place, withWorkplace } from './support/servers.ts'

export const asks = 'How often does a lane change hands that 64 want, and how long from a release to the next grant?'

export const targets: readonly Target[] = [
  { name: 'grant.p50', says: 'p50 from a release to the next one’s grant', atMost: 5 },
]

const CLAIMANTS = 64
const GRANTS = 70
const LANE = 'wanted'

export function run(budget: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const echo = await workplace.startEcho()
    const changes = await measureChanges(bus, budget)
    const grants = await measureGrants(bus, echo, workplace.folder, budget)
    return {
      sections: [
        { title: 'claim and release', figures: changes.all },
        { title: 'from the sending of a release until the waiter has its grant', figures: grants.all },
      ],
      ratios: [
        cost('grant.p50', grants.of('release to grant').median, 'ms'),
        cost('grant.ofSyncsAndEcho', grants.of('release to grant').median / floorOf(grants)),
        rate('contended.ofOne', changes.ratio(`${CLAIMANTS} in a queue for one lane`, 'one agent, one lane')),
      ],
    }
  })
}

/** A claim with its release; refused ones are claims alone. */
async function measureChanges(bus: Place, budget: Budget): Promise<Figures> {
  const load = await bus.open(CLAIMANTS, [409])
  const pairs = Array.from({ length: CLAIMANTS }, (_, number) => ({
    own: prepare(bus, `own-${number}`, `agent-${number}`),
    wanted: prepare(bus, LANE, `agent-${number}`, 50),
    refused: prepare(bus, 'taken', `agent-${number}`),
  }))
  await load.send(prepare(bus, 'taken', 'holder').claim)
  const takeTurns = (kind: 'own' | 'wanted') => async () => {
    const pair = pairs.pop()
    if (!pair) throw new Error('more callers than claimants')
    await load.send(pair[kind].claim)
    await load.send(pair[kind].release)
    pairs.push(pair)
  }
  const refusals = pairs.map(({ refused }) => refused.claim)
  let next = 0
  const figures = await measure(
    [
      ...alone(1, { 'one agent, one lane': takeTurns('own') }),
      ...alone(CLAIMANTS, {
        [`${CLAIMANTS} agents, a lane each`]: takeTurns('own'),
        [`${CLAIMANTS} in a queue for one lane`]: takeTurns('wanted'),
        [`${CLAIMANTS} refused at once`]: () => load.send(refusals[next++ % CLAIMANTS] ?? Buffer.alloc(0)),
      }),
    ],
    budget,
  )
  load.close()
  return figures
}

interface Pair {
  readonly claim: Buffer
  readonly release: Buffer
}

function prepare(bus: Place, lane: string, owner: string, waitSeconds = 0): Pair {
  const path = `/api/bus/lanes/${lane}`
  return {
    claim: bus.toRequest('POST', `${path}/claim`, { owner, lease_s: 300, wait_s: waitSeconds }),
    release: bus.toRequest('POST', `${path}/release`, { owner }),
  }
}

/** Two agents hand a lane to each other; each waits until the bus says that it stands in the queue. */
async function measureGrants(bus: Place, echo: Place, folder: string, { rounds }: Budget): Promise<Figures> {
  const disk = openDiskFloor(folder)
  const [load, toEcho] = [await bus.open(3), await echo.open(1)]
  const echoed = echo.toRequest('POST', '/?bytes=600', '{}')
  let [holder, waiter] = [prepare(bus, 'handed', 'one', 50), prepare(bus, 'handed', 'other', 50)]
  await load.send(holder.claim)
  const figures = await sample(
    {
      fdatasync: disk.sync,
      'bare echo': timed(() => toEcho.send(echoed)),
      'release to grant': async () => {
        const granted = load.send(waiter.claim).then(() => performance.now())
        await untilWaiting(bus, load)
        const releasedAt = performance.now()
        const [at] = await Promise.all([granted, load.send(holder.release)])
        ;[holder, waiter] = [waiter, holder]
        return at - releasedAt
      },
    },
    GRANTS * rounds,
  )
  disk.close()
  load.close()
  toEcho.close()
  return figures
}

/** A release and a grant are each on the disk before anybody hears of them. */
function floorOf(grants: Figures): number {
  return 2 * grants.of('fdatasync').median + grants.of('bare echo').median
}

async function untilWaiting(bus: Place, load: RawLoad): Promise<void> {
  const look = bus.toRequest('GET', '/api/bus/lanes/handed')
  for (let tries = 0; tries < 2_000; tries += 1) {
    const { lane } = await load.ask(look)
    if (typeof lane === 'object' && lane !== null && 'waiters' in lane && lane.waiters === 1) return
    await sleep(1)
  }
  throw new Error('nobody came to wait for the lane')
}
