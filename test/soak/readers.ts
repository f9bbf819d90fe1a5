import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError } from '../../src/client/index.ts'
import { type Caller, createCaller, type Stage, think } from './caller.ts'

/** Who reads everything, in order, and is to miss nothing. */
export interface Reader {
  readonly name: string
  /** The newest id that it has. */
  position(): number
  /** Resolves when it has left: at the end of what there is, once it has been told so. */
  readonly left: Promise<void>
}

/**
 * Reads all messages by their ids, from the beginning: half of the time by waiting for more.
 *
 * @param isOver Asked when there is nothing more: whether nothing will come, either.
 */
export function readByCursor(stage: Stage, name: string, isOver: () => boolean): Reader {
  let position = 0
  const run = async () => {
    let caller = createCaller(stage)
    while (true) {
      const isLast = isOver()
      await (stage.leaving.aborted ? sleep(50) : think(stage))
      if (caller.isDead()) caller = createCaller(stage)
      const page = await readPage(stage, caller, position)
      for (const message of page?.messages ?? []) stage.messages.read(name, message)
      if (page && page.next_since_id < position) {
        stage.alarms.raise('went back', `${name} is to go on from ${page.next_since_id} after ${position}`)
      }
      position = page?.next_since_id ?? position
      if (isLast && page?.messages.length === 0) return
    }
  }
  return { name, position: () => position, left: run() }
}

async function readPage(stage: Stage, caller: Caller, since: number) {
  const wait = !stage.leaving.aborted && stage.random.chance(0.5) ? { wait_s: 2 } : {}
  try {
    const input = { since_id: since, limit: 200, ...wait }
    return await caller.look((options) => caller.client.messages.read(input, options))
  } catch (error) {
    if (!(error instanceof BusApiError)) throw error
    stage.alarms.raise('gap', `a reader at message ${since} is refused: ${error.body.code}`)
    return undefined
  }
}
