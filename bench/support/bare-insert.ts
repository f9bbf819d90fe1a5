import pg from 'pg'

export interface BareMessage {
  readonly topic: string
  readonly sender: string
  readonly body: string
}

export interface BareInsert {
  /** Resolves when the row is durable. */
  insert(message: BareMessage): Promise<void>
  close(): Promise<void>
}

/** The rows of a post, and the indexes that it is read by. */
const SCHEMA = `
  create table messages (
    id bigint primary key, topic text not null, sender text not null, body text not null, ts bigint not null
  );
  create index messages_by_topic on messages (topic, id);
  create index messages_by_sender on messages (sender, id);
  create table events (id bigint primary key, kind text not null, subject text not null, ref bigint not null, at bigint not null);
  create table heads (message_id bigint not null, event_id bigint not null);
  insert into heads values (0, 0)`

/** The ids are those of a counter, so that they have no gaps and rise in the order of the commits, as those of the bus. */
const INSERT = `
  with
    head as (
      update heads set message_id = message_id + $5::bigint, event_id = event_id + $5::bigint
      returning message_id - $5::bigint as message_id, event_id - $5::bigint as event_id
    ),
    rows as (
      select message_id + place as message_id, event_id + place as event_id, topic, sender, body, ts
      from head, unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) with ordinality as given (topic, sender, body, ts, place)
    ),
    inserted as (insert into messages (id, topic, sender, body, ts) select message_id, topic, sender, body, ts from rows)
  insert into events (id, kind, subject, ref, at) select event_id, 'message', topic, message_id, ts from rows`

/**
 * The floor of appending to PostgreSQL from Node: on one connection one statement and one commit for all that came while the
 * last one was under way.
 */
export async function openBareInsert(url: string): Promise<BareInsert> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(SCHEMA)
  let waiting: { message: BareMessage; done: () => void; fail: (error: unknown) => void }[] = []
  let isBusy = false
  const flush = async () => {
    isBusy = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const column = (key: keyof BareMessage) => batch.map(({ message }) => message[key])
      const now = Date.now()
      const values = [column('topic'), column('sender'), column('body'), batch.map(() => now), batch.length]
      try {
        await client.query({ name: 'insert', text: INSERT, values })
        for (const { done } of batch) done()
      } catch (error) {
        for (const { fail } of batch) fail(error)
      }
    }
    isBusy = false
  }
  return {
    insert: (message) =>
      new Promise((done, fail) => {
        waiting.push({ message, done, fail })
        // Others of this turn of the loop come along.
        if (!isBusy) {
          isBusy = true
          setImmediate(() => void flush())
        }
      }),
    close: () => client.end(),
  }
}
