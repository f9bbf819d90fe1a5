import { approve, ask, handOver, note, review, type Story, say, type Tale, use, withRole } from '../story.ts'

const builderTales: readonly Tale[] = [
  {
    lane: 'notifications',
    topic: 'notifications',
    note: 'quiet hours in the recipient’s own zone',
    beats: [
      say('Quiet hours are those of the sender’s account. {60..140} people in other zones were woken last week.'),
      ask(
        'frontend',
        'Do we know the zone of a recipient, or only the country?',
        'The page sends the zone since March; older devices do not. For those the country has to do.',
      ),
      note('quiet hours: zone, else country, else the sender’s'),
      review(
        'PR {pr}: zone, else country, else the account’s. Tests over the two nights when the clocks change.',
        'PR {pr}: good tests. In the hour that comes twice it sends twice, I think?',
        'It did. Fixed: the key is the UTC hour.',
      ),
    ],
    done: 'Merged as {pr}, on for {5..20} % of accounts from the next train.',
  },
  {
    lane: 'notifications',
    topic: 'notifications',
    note: 'the same mail twice',
    vars: { mail: ['"out for delivery"', '"delivered"', '"held at customs"'] },
    beats: [
      say('{mail} goes out twice for {2..6} % of parcels: two scans within a second, and both find no mail sent yet.'),
      say(
        'The send now claims (parcel, kind) first and mails only if it was the one to claim it. The second one sees the claim and stops.',
      ),
      use(
        'e2e-suite',
        'mail specs with doubled scans',
        'With every scan sent five times: one mail each, over {400..900} parcels.',
      ),
      review(
        'PR {pr}: claim before send. The race is in a test with 50 at once.',
        'PR {pr}: what if we crash after the claim and before the mail?',
        'Then it lapses after ten minutes and the next scan mails. Said so in a comment now.',
      ),
    ],
    done: '{pr} is merged. Support may close the tickets about doubled mails.',
  },
  {
    lane: 'billing',
    topic: 'billing',
    note: 'rounding per line or per invoice',
    vars: { country: ['the Netherlands', 'Austria', 'Portugal', 'Denmark'] },
    beats: [
      say(
        'Invoices for {country} are off by a cent when they have more than {20..40} lines: we round each line, their rule is per rate and invoice.',
      ),
      approve(
        'May invoices for {country} be rounded per tax rate from the first of next month on? It changes a cent or two on about {110..380} invoices a month; none that was sent is touched. Yes or no is enough.',
        [
          'Yes, from the first of next month. Tell finance which invoices differ in the first run.',
          'Understood: dated the first, and the first run writes a list of what differs.',
        ],
        [
          'Not yet: finance wants to see a month side by side first.',
          'Then I build the side-by-side report behind the flag, and the rounding stays as it is.',
        ],
      ),
      review(
        'PR {pr}: the rule of rounding is by country and date, as data.',
        'PR {pr}: table reads well. Two countries have no row; is the fallback the old rule?',
        'Yes, and now it says so in the table.',
      ),
    ],
    done: 'Merged as {pr}, off until its date.',
  },
  {
    lane: 'billing',
    topic: 'billing',
    note: 'no second charge after a timeout',
    beats: [
      say(
        'After a timeout of the payment provider we charge again without asking. In the last 30 days that doubled {2..4} charges; all were refunded.',
      ),
      ask(
        'ops',
        'Does the provider’s sandbox let us cut an answer, so that I can see their side of it?',
        'Not theirs, but the fault proxy can: rule `cut-after-send`, on staging.',
        'That is what I need.',
      ),
      use(
        'deploy:staging',
        'charges through the fault proxy',
        '{200..400} charges with every answer cut: no doubled one. The key of the charge goes with each retry now.',
      ),
      review(
        'PR {pr}: one idempotency key per charge, kept with the invoice.',
        'PR {pr}: yes. Please also log when the provider says it has seen the key.',
        'Logged, with the invoice’s number and nothing else.',
      ),
    ],
    done: '{pr} is merged and goes with the next train.',
  },
  {
    lane: 'auth-sessions',
    topic: 'auth',
    note: 'refresh tokens are rotated',
    beats: [
      say(
        'A refresh token lives for 90 days and never changes. Rotating with each use; one that comes a second time ends the whole family.',
      ),
      ask(
        'frontend',
        'Two tabs may refresh at once. Is there a lock, or do I need a grace time?',
        'No lock across tabs. Ten seconds of grace would save us.',
        'Ten seconds, then.',
      ),
      say(
        'Grace of ten seconds is in. A replay after that ends {2..3} sessions of the same device in the test, as it should.',
      ),
      approve(
        'Shall the {2..4}00 longest sessions (older than 180 days) be signed out when rotation goes live? They cannot be rotated. They would see the sign-in page once.',
        ['Sign them out, but on Tuesday at ten, not at night.', 'Scheduled for Tuesday at ten, and support knows.'],
        [
          'No. Let them run out by themselves.',
          'Then they stay on the old path until they end; the last one in 90 days.',
        ],
      ),
    ],
    done: 'Rotation is merged as {pr}, behind `rotate-refresh`.',
  },
  {
    lane: 'reports-export',
    topic: 'reports',
    note: 'CSV in a stream',
    vars: { rows: ['400,000', '750,000', '1.2 million'] },
    beats: [
      say(
        'The export of {rows} rows needs {1..3} GB: it is built whole before the first byte goes out. Streaming it from a cursor.',
      ),
      say('Flat at {40..70} MB now, and the first byte after {90..200} ms instead of a minute.'),
      review(
        'PR {pr}: export from a cursor, with the reader’s pace.',
        'PR {pr}: what happens when somebody closes the tab half way?',
        'The cursor is closed within a second; there is a test that hangs up.',
      ),
      handOver(
        'builder',
        'The export streams. The same for the monthly report is a small step, if you have the time: the writer is reusable.',
        'I do it now, it is the same cursor with other columns.',
      ),
    ],
    done: 'The monthly report streams, too. Merged as {pr}.',
  },
  {
    lane: 'address-book',
    topic: 'addresses',
    note: 'postal codes with and without a space',
    beats: [
      say(
        '"SW1A1AA" and "SW1A 1AA" are two addresses for us. {900..2600} doubled entries; comparing in one form, showing in the country’s own.',
      ),
      ask(
        'migrations',
        'Merging the doubled entries: in my code on read, or one pass of yours?',
        'One pass, later, with a list of what is merged. On read would hide it forever.',
        'Agreed. I only stop new ones.',
      ),
      review(
        'PR {pr}: normal form per country, from the public table.',
        'PR {pr}: the table has no licence line. Add its source.',
        'Source and date of the table are in the file’s head.',
      ),
    ],
    done: 'Merged as {pr}. No new doubles from now on; the old ones are the migrations’.',
  },
  {
    lane: 'feature-flags',
    topic: 'flags',
    note: 'flags that are on for everybody',
    vars: { n: ['{9..19}'] },
    beats: [
      say(
        '{n} flags are on for everybody for longer than 60 days. Listing them with the code that each would take away.',
      ),
      approve(
        'Delete the {n} flags that have been on for everybody for longer than 60 days? List and diff are in PR {pr}; it takes {600..1100} lines out. After that there is no way to switch them off.',
        ['Delete them, all but `legacy-labels`: one shop still asks for it.', 'All but `legacy-labels`, then.'],
        ['Wait until after the release of this week.', 'Kept for next week; the list stays in the PR.'],
      ),
      review('PR {pr}: flags out, tests of the dead branches out.', 'PR {pr}: nothing but deletions, a pleasure.'),
    ],
    done: '{pr} is merged.',
  },
]

export const accountStories: readonly Story[] = [...withRole('builder', builderTales)]
