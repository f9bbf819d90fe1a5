import type { Chore } from '../../core/capability.ts'
import type { OnOutage } from '../../core/database.ts'
import { keepChange } from './change.ts'
import { decideCredit } from './decide.ts'
import { existsTenureSince, selectLanesExpiring } from './store.ts'

/**
 * The longest time that a holder is given to be heard again: half of the standard lease, for whoever renews at a third of
 * it comes round in that time.
 */
export const MAX_CREDIT_MS = 150_000

/** How often an idle bus writes down that it lives, while somebody holds a lane. */
const PROOF_EVERY_MS = 5_000

const PAGE = 500

/** What the history names where others name the request. */
const REQUEST_ID = 'bus'

/** Gives those who held a lane when the bus was last alive time to be heard again. */
export const creditLanes: OnOutage = async (transaction, { from, to }) => {
  const stretch = { after: from, until: to + MAX_CREDIT_MS }
  const nextPage = (name: string) => selectLanesExpiring(transaction, stretch, name, PAGE)
  for (let page = await nextPage(''); page.length > 0; page = await nextPage(page.at(-1)?.name ?? '')) {
    for (const lane of page) {
      const credit = decideCredit(lane, { aliveAt: from, maxMs: MAX_CREDIT_MS }, to)
      if (credit) await keepChange(transaction, lane, credit, to, REQUEST_ID)
    }
  }
}

/**
 * Every commit leaves a proof of life, but an idle bus commits nothing. So a lane that is held, or lapsed a moment ago, is
 * reason enough for a commit: after a crash it tells who held a lane, and whose lease was over before.
 */
export const proveLife: Chore = {
  name: 'lanes.prove-life',
  everyMs: PROOF_EVERY_MS,
  run: async ({ database }) => {
    const isWatched = await database.read(async (reader) =>
      existsTenureSince(reader, (await reader.now()) - 2 * PROOF_EVERY_MS),
    )
    if (isWatched) await database.probe()
  },
}
