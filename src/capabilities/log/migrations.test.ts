import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder } from '../../../test/support/bus.ts'
import { openTestDatabase } from '../../../test/support/database.ts'
import { startTestPostgres } from '../../../test/support/postgres-database.ts'
import { type Database, type Migration, sql, type Transaction } from '../../core/database.ts'
import { openDatabase } from '../../store/index.ts'
import { appendMessage } from './append.ts'
import { getEventBounds } from './events-store.ts'
import { EVERY_MESSAGE, getMessageBounds, selectSince } from './messages-store.ts'
import { migrations } from './migrations.ts'

const postgres = startTestPostgres()

const before = migrations.slice(
  0,
  migrations.findIndex(({ id }) => id === 'log/003-bounds'),
)

type Open = (migrations: readonly Migration[]) => Promise<Database>

/** Opens one place again and again. */
const places: readonly (readonly [string, () => Promise<Open>])[] = [
  [
    'a file',
    async () => {
      const path = join(createTempFolder(), 'bus.db')
      return (steps) => openTestDatabase({ path, migrations: steps })
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const place = await postgres().createDatabase()
      return (steps) => openDatabase({ place, migrations: steps })
    },
  ],
]

function insert(transaction: Transaction, id: number, more: { action_flag: number; acked_at: number | null }) {
  const { action_flag, acked_at } = more
  return transaction.run(sql`
    insert into messages (id, topic, sender, body, action_flag, ts, recipient, thread_id, is_system, lane, fence, acked_at)
    values (${id}, ${'t'}, ${'ann'}, ${`body ${id}`}, ${action_flag}, ${1_000 + id}, ${'bob'}, ${7}, ${1}, ${'feeds'}, ${3}, ${acked_at})`)
}

const appended: Parameters<typeof appendMessage>[1] = {
  ...{ topic: 't', sender: 'ann', body: 'next', recipient: null, thread_id: null, lane: null, fence: null },
  action_flag: 0,
  is_system: 0,
}

describe.each(places)('a log of before, in %s', (_, createOpen) => {
  it('keeps every row, and goes on with the next ids', async () => {
    const open = await createOpen()
    const old = await open(before)
    await old.write(async (transaction) => {
      await insert(transaction, 3, { action_flag: 1, acked_at: null })
      await insert(transaction, 9, { action_flag: 1, acked_at: 5_000 })
      await transaction.run(sql`insert into events (id, kind, subject, ref, at) values (21, 'message', 't', 9, 1009)`)
      await transaction.run(sql`update message_head set head_id = 9, floor_id = 4, indexed_id = 2`)
      await transaction.run(sql`update event_head set head_id = 21, floor_id = 20`)
    })
    await old.close()

    const database = await open(migrations)
    const row = {
      ...{ topic: 't', sender: 'ann', action_flag: 1, recipient: 'bob', thread_id: 7, is_system: 1 },
      ...{ lane: 'feeds', fence: 3, acked_by: null },
    }
    expect(await database.read((reader) => selectSince(reader, EVERY_MESSAGE, 0, 10))).toEqual([
      { ...row, id: 3, body: 'body 3', ts: 1_003, acked_at: null },
      { ...row, id: 9, body: 'body 9', ts: 1_009, acked_at: 5_000 },
    ])
    expect(await database.read(getMessageBounds)).toEqual({ headId: 9, floorId: 4 })
    expect(await database.read(getEventBounds)).toEqual({ headId: 21, floorId: 20 })
    expect(await database.write((transaction) => appendMessage(transaction, appended))).toMatchObject({ id: 10 })
    expect(await database.read(getEventBounds)).toEqual({ headId: 22, floorId: 20 })
    await database.close()
  })

  it('gives no id again, where the newest rows had been dropped', async () => {
    const open = await createOpen()
    const old = await open(before)
    await old.write(async (transaction) => {
      await transaction.run(sql`update message_head set head_id = 9, floor_id = 4`)
      await transaction.run(sql`update event_head set head_id = 21, floor_id = 20`)
    })
    await old.close()
    const database = await open(migrations)
    expect(await database.write((transaction) => appendMessage(transaction, appended))).toMatchObject({ id: 10 })
    expect(await database.read(getEventBounds)).toEqual({ headId: 22, floorId: 21 })
    await database.close()
  })
})
