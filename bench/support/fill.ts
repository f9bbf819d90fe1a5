import { loadDriver, type SqliteConnection } from '../../src/store/sqlite/driver.ts'

/** The busy topics have a quarter of all messages, and all others the rest in equal parts. */
export const BUSY_TOPICS = 4
/** No multiple of four, or a quarter of them would be empty: every fourth message goes to a busy topic. */
export const QUIET_TOPICS = 997

/** Rows of one transaction: so many that a commit costs nothing, and so few that the log of it stays small. */
const CHUNK = 250_000

/** As long as a body of an agent mostly is, in bytes. */
const BODY = 200

/** The rows that one statement of SQL makes for a run of numbers. */
interface Rows {
  readonly table: string
  /** Column and expression over `n`, the number of the row. */
  readonly columns: Readonly<Record<string, string>>
}

export const busyTopic = (number: number) => `busy-${number % BUSY_TOPICS}`
export const quietTopic = (number: number) => `quiet-${number % QUIET_TOPICS}`
export const filledLane = (number: number) => `lane-${number}`

/**
 * Writes messages and held lanes into a file that a bus has made and stopped with: what a bus would take hours for over HTTP.
 * Everything that it would have written is there, but for the index of words, which is said to be complete and is empty:
 * nothing here searches.
 *
 * The one place that knows the tables. What changes in them changes here.
 */
export async function fillFile(
  path: string,
  { messages, lanes }: { readonly messages: number; readonly lanes: number },
) {
  const driver = await loadDriver()
  const connection = driver.open(path)
  try {
    connection.exec('pragma synchronous = off; pragma cache_size = -400000; pragma wal_autocheckpoint = 50000;')
    const now = Date.now()
    const text = 'x'.repeat(BODY - 20)
    const topic = `case when n % 4 = 0 then 'busy-' || (n / 4 % ${BUSY_TOPICS}) else 'quiet-' || (n % ${QUIET_TOPICS}) end`
    const at = `${now - messages} + n`
    insert(connection, messages, {
      table: 'messages',
      columns: {
        id: 'n',
        topic,
        sender: `'agent-' || (n % 50)`,
        body: `'step ' || substr('00000000000000' || n, -14) || ' ${text}'`,
        action_flag: '0',
        ts: at,
        is_system: '0',
      },
    })
    insert(connection, messages, {
      table: 'events',
      columns: { id: 'n', kind: `'message'`, subject: topic, ref: 'n', at },
    })
    fillLanes(connection, lanes, messages, now)
    connection.exec(`update message_bounds set indexed_id = ${messages}`)
    connection.exec('pragma wal_checkpoint(truncate)')
  } finally {
    connection.close()
  }
}

/** All held live for a day, each by another owner. */
function fillLanes(connection: SqliteConnection, lanes: number, firstEvent: number, now: number): void {
  const day = 24 * 60 * 60_000
  const name = `'lane-' || (n - 1)`
  const owner = `'owner-' || (n - 1)`
  insert(connection, lanes, {
    table: 'lanes',
    columns: {
      name,
      fence: '1',
      rev: '1',
      owner,
      claimed_at: `${now}`,
      renewed_at: `${now}`,
      expires_at: `${now + day} + n`,
      lease_ms: `${day}`,
      changed_at: `${now}`,
    },
  })
  insert(connection, lanes, {
    table: 'lane_events',
    columns: {
      lane: name,
      rev: '1',
      event: `'claim'`,
      owner,
      fence: '1',
      at: `${now}`,
      lease_ms: `${day}`,
      request_id: `'bench'`,
    },
  })
  insert(connection, lanes, {
    table: 'events',
    columns: { id: `${firstEvent} + n`, kind: `'lane'`, subject: name, ref: '1', at: `${now}` },
  })
}

function insert(connection: SqliteConnection, count: number, { table, columns }: Rows): void {
  const names = Object.keys(columns).join(', ')
  const values = Object.values(columns).join(', ')
  for (let from = 1; from <= count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK - 1)
    connection.exec(`
      with recursive numbers (n) as (select ${from} union all select n + 1 from numbers where n < ${to})
      insert into ${table} (${names}) select ${values} from numbers`)
  }
}
