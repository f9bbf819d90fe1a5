import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { findFreePort } from '../../test/support/free-port.ts'
import { findVersion, startOwnServer } from './own-server.ts'
import type { Rival } from './rival.ts'
import type { Workplace } from './servers.ts'

/** NATS JetStream on files, synced where its version can be told to, or the line that says why there is none. */
export async function startNats(workplace: Workplace): Promise<Rival | string> {
  const version = findVersion('nats-server', /v([\d.]+)/)
  if (version === undefined) return 'NATS was left out: there is no nats-server on this machine'
  const folder = join(workplace.folder, 'nats')
  mkdirSync(folder)
  const port = await findFreePort()
  const { file, isSynced } = writeSettings(folder, port)
  startOwnServer(workplace, 'nats-server', ['-c', file])
  const connection = await connectSoon(port)
  workplace.atEnd(() => connection.close())
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'messages', subjects: ['messages.*'], storage: StorageType.File })
  const stream = jetstream(connection)
  // The bucket has one time to live for all its keys.
  const lanes = await new Kvm(connection).create('lanes', { ttl: 300_000, storage: StorageType.File })
  return {
    name: 'NATS',
    notes: [
      isSynced
        ? `NATS ${version}: sync_interval always; create in a bucket of keys, and publish to a stream`
        : `NATS ${version}: knows no sync_interval always, so what it acknowledges is NOT on the disk yet; create in a bucket of keys, and publish to a stream`,
    ],
    claim: (lane, owner) => lanes.create(lane, owner),
    post: (topic, sender, body) => stream.publish(`messages.${topic}`, JSON.stringify({ sender, body })),
  }
}

/** Versions that cannot sync every write refuse the setting, and the server with it. */
function writeSettings(folder: string, port: number): { readonly file: string; readonly isSynced: boolean } {
  const file = join(folder, 'nats.conf')
  const write = (extra: string) =>
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, 'files'))}${extra} }\n`,
    )
  write(', sync_interval: always')
  const isSynced = spawnSync('nats-server', ['-t', '-c', file]).status === 0
  if (!isSynced) write('')
  return { file, isSynced }
}

async function connectSoon(port: number): Promise<NatsConnection> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await connect({ servers: `127.0.0.1:${port}` })
    } catch {
      await sleep(50)
    }
  }
  throw new Error('nats-server did not start')
}
