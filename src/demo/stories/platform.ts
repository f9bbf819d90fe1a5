import { approve, ask, note, quiet, review, type Story, say, type Tale, use, withRole } from '../story.ts'

const migrationTales: readonly Tale[] = [
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'index on {table}, concurrently',
    vars: { table: ['events', 'parcels', 'scans', 'deliveries'] },
    beats: [
      say('Building the index on {table} concurrently. No lock on writes; {6..14} million rows, some minutes.'),
      say('{table}: {55..80} % built. Replication lag {0..2} s, nobody should notice.'),
      ask(
        'ops',
        'Write latency looks flat from here. From your side, too?',
        'Flat. Disk is at {61..74} %, that is all.',
        'Good, letting it finish.',
      ),
      say('Index on {table} is valid. The planner takes it: {2..5} ms instead of {90..240}.'),
    ],
    done: 'Done with {table}. Whoever waited for the index may switch the flag on.',
  },
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'new column on {table}',
    vars: { table: ['parcels', 'accounts', 'webhook_endpoints', 'invoices'] },
    beats: [
      say(
        '{table} gets `time_zone text`. Nullable first, filled in batches, then not null: three releases, no lock longer than {5..20} ms.',
      ),
      approve(
        'Approve the migration of table {table}? It adds one nullable column and fills {1..9}.{1..9} million rows in batches of 2,000, about {8..25} minutes; until the last batch it can be taken back with one statement.',
        [
          'Approved for {table}. Stop if the lag goes over five seconds.',
          'Started on {table}. I stop by myself at five seconds of lag.',
        ],
        [
          'Not before the backup is through. Ask me again then, please.',
          'After the backup, then; the script is ready and waits.',
        ],
      ),
      say('{table}: all batches are through, the longest took {140..420} ms.'),
    ],
    done: 'Column on {table} is filled. Not null follows with the next train but one.',
  },
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'backfill of {table}',
    vars: { table: ['the old event times', 'merged addresses', 'depot codes'] },
    beats: [
      say(
        'Backfill of {table} runs now, {2..6} million rows in small batches. It talks to nobody until it is through; the lane is kept alive.',
      ),
      quiet,
      say('Backfill of {table} is through: {2..9} rows could not be decided and are listed in the ticket.'),
      ask(
        'builder',
        'You read {table} in one place only, as far as I see. Is the old path dead now?',
        'Yes, one release later it can go.',
      ),
    ],
    done: 'The old column of {table} stays for one more release.',
  },
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'drop of a dead table',
    vars: { table: ['labels_2019', 'tmp_scans', 'old_sessions', 'audit_v1'], size: ['{11..60} GB'] },
    beats: [
      say('Nothing has read {table} for {90..200} days; it is {size}.'),
      approve(
        'May I drop table {table} ({size})? No reader for over 90 days, no foreign key. The export is in cold storage, restored once for a test. After the drop, the way back is that export: about two hours.',
        [
          'Drop {table}. Rename it today, drop it tomorrow.',
          'Renamed {table} to {table}_dropping; the drop is tomorrow at nine.',
        ],
        [
          'Keep {table} until the audit is over, end of the month.',
          '{table} stays; I asked again in the ticket for the end of the month.',
        ],
      ),
      ask('ops', 'Alerts on {table} can go as well. Yours or mine?', 'Mine, I take them out with the next change.'),
    ],
    done: 'That is all for {table} today.',
  },
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'dead rows of {table}',
    vars: { table: ['scans', 'webhook_attempts', 'sessions', 'mail_queue'] },
    beats: [
      say('{table} is {30..55} % dead rows: the cleaning comes too rarely for a table that changes so much.'),
      say('Settings of {table} changed, and cleaned once by hand: {4..9} GB are free again, without a lock.'),
      ask(
        'ops',
        'Reads of {table} should be a third faster from now on. Do you see it?',
        'p95 of that query went from {40..55} ms to {24..31} ms. Nice.',
      ),
    ],
    done: '{table} cleans up after itself from now on.',
  },
  {
    lane: 'db:migrations',
    topic: 'migrations',
    note: 'lint for locks in migrations',
    vars: { n: ['{2..4}'] },
    beats: [
      say(
        '{n} migrations of this quarter would have locked a big table, all caught by eye. Writing a rule that says so in the PR.',
      ),
      say('The rule finds all {n}, and one that nobody had seen.'),
      review(
        'PR {pr}: lint for statements that lock, with the statement to use instead.',
        'PR {pr}: good messages. Allow it with a comment that gives the reason?',
        'Yes: `-- lock: reason`, and the reason must be there.',
      ),
    ],
    done: 'Merged as {pr}. It runs on every PR that touches db/.',
  },
]

const opsTales: readonly Tale[] = [
  {
    lane: 'ci-runners',
    topic: 'ci',
    note: 'cache of the runners: {what}',
    vars: { what: ['packages', 'images', 'compiler'] },
    beats: [
      say(
        'Builds take {11..16} minutes, {4..6} of them for {what}. That cache is keyed by branch, so every branch begins with nothing.',
      ),
      say('{What}: keyed by content now, {20..50} s instead.'),
      ask(
        'tester',
        'The suite keeps its browsers in the same cache. Shall they have their own?',
        'Please. They change once a month, this every day.',
        'Two caches, then.',
      ),
      review(
        'PR {pr}: a cache for {what} and one for the browsers.',
        'PR {pr}: fine. Who empties them?',
        'They end after seven days by themselves.',
      ),
    ],
    done: 'Merged as {pr}. Builds are at {6..8} minutes.',
  },
  {
    lane: 'observability',
    topic: 'ops',
    note: 'alerts that wake nobody for nothing',
    vars: { n: ['{2..5}'], place: ['webhooks', 'mails', 'exports', 'polling'] },
    beats: [
      say('{31..58} alerts about {place} last week, {n} of them real. The worst one counts retries as errors.'),
      note('alerts on {place}: retries are no errors, and by rate instead of by count'),
      ask(
        'builder',
        'Is there a counter for what really failed in {place}, after all retries?',
        'Yes, `given_up_total`, with the kind as a label. Since this week.',
        'Exactly what I need.',
      ),
      say('Against last week’s data: {6..8} alerts, all {n} real ones among them.'),
    ],
    done: 'New rules for {place} are live. The old ones stay muted for a week, then they go.',
  },
  {
    lane: 'secrets',
    topic: 'secrets',
    note: 'rotating the key of {what}',
    vars: { what: ['the webhooks', 'the label printer', 'the mail provider', 'the map tiles'] },
    beats: [
      say('The key of {what} is {300..360} days old; the rule says a year. The new one is made, and both are valid.'),
      approve(
        'Please confirm in the provider’s console that the new key of {what} is active (last four: {1000..9999}). I cannot see that page, and switch over only after your word.',
        ['It is active. Go.', 'Switched. Both keys stay valid until tomorrow.'],
      ),
      use(
        'deploy:staging',
        'new key of {what}',
        'Staging runs with the new key of {what}: {40..90} calls, no refusal.',
      ),
    ],
    done: 'Key of {what} is rotated; the old one ends in a day by itself.',
  },
  {
    lane: 'ci-runners',
    topic: 'ci',
    note: 'load test of the new runners',
    vars: { n: ['{20..40}'] },
    beats: [
      say(
        'The new runners get {n} builds at once for a quarter of an hour. No messages until then, unless one of them burns.',
      ),
      quiet,
      say('{n} builds at once: all green, {6..9} minutes each, the old ones took {13..17}.'),
      approve(
        'Shall the {4..8} old runners be switched off tonight? The new ones carry the load alone, measured just now; it saves about {190..320} a month. Switching them on again takes ten minutes.',
        ['Switch them off, keep the images for two weeks.', 'Off tonight, images are kept.'],
        ['Next week, when the release is out.', 'Next week, noted.'],
      ),
    ],
    done: 'The report is in the wiki of the runners.',
  },
  {
    lane: 'ci-runners',
    topic: 'dependencies',
    note: 'update of {what}',
    vars: { what: ['the HTTP client', 'the PDF renderer', 'the queue library', 'the base image'] },
    beats: [
      say('{What} has a fix that we want ({1..3} advisories, none reachable from outside as far as I see).'),
      use(
        'e2e-suite',
        'whole suite with the new version',
        'Whole suite with the new version of {what}: {288..301} of 301, the rest are the known flakes.',
      ),
      review(
        'PR {pr}: {what}, one major, the lockfile and {2..6} lines of ours.',
        'PR {pr}: read their changelog, too: the default timeout went from 0 to 30 s. Say ours explicitly.',
        'Said: 10 s, as everywhere.',
      ),
    ],
    done: '{What} is updated, merged as {pr}.',
  },
  {
    lane: 'deploy:staging',
    topic: 'ops',
    note: 'fresh data on staging: {what}',
    vars: { what: ['parcels', 'accounts', 'scans'] },
    beats: [
      say(
        'Staging gets fresh {what}: last night’s, without names and addresses. It answers all the time, with old data until the switch.',
      ),
      say('Switched. {1..3}.{1..9} million {what}, {0..2} jobs had to be restarted.'),
    ],
    done: 'Staging is free again.',
  },
]

export const platformStories: readonly Story[] = [
  ...withRole('migrations', migrationTales),
  ...withRole('ops', opsTales),
]
