import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { findFreePort } from '../../test/support/free-port.ts'
import { findVersion, startOwnServer } from './own-server.ts'
import type { Rival } from './rival.ts'
import type { Workplace } from './servers.ts'

/** Redis as durable as it can be, or the line that says why there is none. */
export async function startRedis(workplace: Workplace): Promise<Rival | string> {
  const version = findVersion('redis-server', /v=([\d.]+)/)
  if (version === undefined) return 'Redis was left out: there is no redis-server on this machine'
  const folder = join(workplace.folder, 'redis')
  mkdirSync(folder)
  const port = await findFreePort()
  const settings = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  startOwnServer(
    workplace,
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  )
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 50 } })
  // Before the server listens; what happens later rejects the call.
  client.on('error', () => {})
  await client.connect()
  workplace.atEnd(() => client.destroy())
  const { appendfsync, appendonly } = { ...(await client.configGet('append*')) }
  if (appendfsync !== 'always' || appendonly !== 'yes') throw new Error(`Redis does not sync: ${appendfsync}`)
  return {
    name: 'Redis',
    notes: [`Redis ${version}: appendfsync always, as it confirms; SET NX PX and XADD over one connection`],
    claim: async (lane, owner, leaseMs) => {
      const condition = 'NX'
      const answer = await client.set(lane, owner, { condition, expiration: { type: 'PX', value: leaseMs } })
      if (answer !== 'OK') throw new Error(`Redis refused ${lane}`)
    },
    post: (topic, sender, body) => client.xAdd(topic, '*', { sender, body }),
  }
}
