/** Hostile clients in a process of their own, so that what they cost is not in the times of others: ORIGIN, then KIND=COUNT… */
import { type HostileKind, openHostileClients } from '../../test/support/hostile-clients.ts'

const [origin = '', ...crowds] = process.argv.slice(2)
for (const crowd of crowds) {
  const [kind, count] = crowd.split('=')
  await openHostileClients(origin, kind as HostileKind, Number(count)) // As the question wrote it.
}
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
