import { ask, handOver, note, quiet, review, type Story, say, type Tale, use, withRole } from '../story.ts'

const carriers = ['Nordpost', 'BlueVan', 'Alpenfracht', 'PortExpress', 'QuickHaul', 'Isla Cargo']

const builderTales: readonly Tale[] = [
  {
    lane: 'tracking-api',
    topic: 'tracking-api',
    note: 'ETags on GET /parcels/{id}',
    vars: { id: [':id', ':id/events', ':id/route'] },
    beats: [
      say(
        'GET /parcels/{id} sends the whole history each time: {62..78} % of the answers are the same as the one before. Adding an ETag over the last event.',
      ),
      ask(
        'frontend',
        'Does the tracking page keep the ETag between polls, or does it start anew on each visit?',
        'It keeps it per tab. A 304 saves us the render, too, so please do.',
        'Good, then 304 it is, with an empty body.',
      ),
      use(
        'e2e-suite',
        'polling specs with If-None-Match',
        'Polling specs green: {31..38} of 38, the rest are skipped on main as well. 304 on every second poll.',
      ),
      review(
        'PR {pr}: ETag over the id of the last event. {80..140} lines, no change of any field.',
        'PR {pr}: a weak ETag, please; the gzip proxy changes the bytes. Otherwise fine.',
        'W/ added, with a test through the proxy.',
      ),
    ],
    done: 'PR {pr} is merged. Traffic of GET /parcels/{id} should fall by about two thirds; watch the dashboard after the next train.',
  },
  {
    lane: 'tracking-api',
    topic: 'tracking-api',
    note: 'N+1 queries in {list}',
    vars: { list: ['the list of events', 'the list of stops', 'the parcels of an account'] },
    beats: [
      say('Found why {list} is slow: one query per row, {41..96} for a typical answer. Joining them takes it to two.'),
      ask(
        'migrations',
        'I need an index on events (parcel_id, at desc). May I write it, or do you?',
        'I do, concurrently; it is on the list for today. Until then your query is right, only not fast.',
      ),
      say('With a copy of the index: p95 from {780..940} ms to {60..95} ms on the fixture of 50,000 parcels.'),
      review(
        'PR {pr}: two queries instead of n + 1, and a test that counts them.',
        'PR {pr}: like the counting test. One question: what if a parcel has no event at all?',
        'Then the list is empty, not null. Added the case.',
      ),
    ],
    done: 'PR {pr} merged, flag `joined-events` is off until the index is there.',
  },
  {
    lane: 'carrier-adapters',
    topic: 'carriers',
    note: 'adapter for {carrier}',
    vars: { carrier: carriers },
    beats: [
      say(
        '{carrier} answers 200 with an error inside the body. The adapter treats that as "no scan yet", which is why {12..48} parcels look stuck.',
      ),
      ask(
        'ops',
        'Do we keep the raw answers of {carrier}? I want to see how often that happens.',
        'Seven days, in the bucket raw-scans. It is {3..9} % of their answers since Monday.',
        'Found them, thanks: always the same code, 7100.',
      ),
      say('Code 7100 means "ask again later". Mapped to a retry in {5..20} minutes instead of a scan.'),
      review(
        'PR {pr}: errors inside of 200 from {carrier}, with the recorded answers as fixtures.',
        'PR {pr}: fixtures still have a customer’s postal code in them. Replace it, then merge.',
        'Replaced in all {4..9} fixtures, and the recorder now does it by itself.',
      ),
    ],
    done: 'PR {pr} merged. The stuck parcels of {carrier} get their scans with the next poll, within a quarter of an hour.',
  },
  {
    lane: 'carrier-adapters',
    topic: 'carriers',
    note: 'times of {carrier} are off by an hour',
    vars: { carrier: carriers },
    beats: [
      say('Scans of {carrier} are an hour early since the clocks changed: their times are local and carry no zone.'),
      note('times of {carrier}: zone by depot, not by country'),
      say(
        'Their depot codes name the place, so the zone comes from the depot. {3..7} depots are unknown to us; those fall back to the country.',
      ),
      ask(
        'docs',
        'Is it written anywhere that event times are UTC? Two partners read them as local.',
        'In the reference, not in the guide. I put it into both.',
      ),
      use(
        'e2e-suite',
        'replay of last week’s scans',
        'Replayed {1800..2600} scans: no event is before its parcel was handed in any more.',
      ),
    ],
    done: 'Merged as {pr}. Old events stay as they are; correcting them is a question for the migrations.',
  },
  {
    lane: 'webhooks',
    topic: 'webhooks',
    note: 'retries with backoff',
    vars: { partner: ['the returns partner', 'the label partner', 'the biggest shop'] },
    beats: [
      say(
        '{Partner} was down for {20..50} minutes and got {3000..9000} deliveries at once when it came back. We retry every minute without any backoff.',
      ),
      say('Now 1, 2, 4 … up to 60 minutes, with a tenth of jitter, and at most {10..30} at once per endpoint.'),
      review(
        'PR {pr}: backoff per endpoint. The schedule is one pure function, tested over a day.',
        'PR {pr}: the limit per endpoint also holds back the first attempts of healthy ones on the same host. Intended?',
        'No. Keyed by endpoint now, not by host.',
      ),
      handOver(
        'builder',
        'The code is done; what is left is the metric for deliveries that gave up. Handing webhooks over, I have carriers waiting.',
        'Taken. I add the counter and an alert at 50 per hour.',
      ),
    ],
    done: 'The counter `webhook_given_up_total` is in, with its alert. Merged as {pr}.',
  },
  {
    lane: 'webhooks',
    topic: 'webhooks',
    note: 'signatures with two keys at once',
    beats: [
      say(
        'Partners cannot rotate their key without losing deliveries: we sign with one key only. Signing with both for {24..72} hours after a rotation.',
      ),
      ask(
        'docs',
        'The guide shows one signature header. From {pr} on there may be two values in it. Can you take that?',
        'Yes, with the snippet for verifying against a list. Is the order fixed?',
        'Newest first, always.',
      ),
      use(
        'deploy:staging',
        'two signatures against the partners’ sandbox',
        'The sandbox of the label partner takes both values; the one of the returns partner reads the first only, which is the new one. Fine.',
      ),
    ],
    done: '{pr} is merged: rotations lose nothing any more. Docs follow.',
  },
  {
    lane: 'search-index',
    topic: 'search',
    note: 'names with diacritics',
    vars: { word: ['Straße', 'Łódź', 'Århus', 'Košice', 'Málaga'] },
    beats: [
      say(
        '"{word}" without its marks finds nothing: the analyzer folds case, but no diacritics. Adding a folding filter behind a flag.',
      ),
      ask(
        'migrations',
        'Reindexing needs the old and the new index at once, {3..6} GB more. Fine until tomorrow?',
        'Fine until tomorrow night; I drop the old one after the nightly.',
        'Thanks, then I start it tonight.',
      ),
      use('e2e-suite', 'search specs', 'Search specs: {41..46} of 46 green; what fails, fails on main, too.'),
      review(
        'PR {pr}: folding filter, both spellings in one test per language.',
        'PR {pr}: the filter must come before the synonyms, or half of them never match. Else fine.',
        'Moved, and the order is a test now.',
      ),
    ],
    done: 'PR {pr} merged: both spellings of {word} find the same parcels once the rebuild is through.',
  },
  {
    lane: 'search-index',
    topic: 'search',
    note: 'bisecting the slow query',
    beats: [
      say(
        'The p99 of search doubled between two nightlies, {17..31} commits apart. Bisecting with the recorded load; each step builds an index, so you will hear nothing from me for a while. The lane stays alive.',
      ),
      quiet,
      say('Found it: the highlighter was switched on for all fields, not for the two that are shown. {4..6} builds.'),
      review(
        'PR {pr}: highlight two fields. p99 back from {610..720} ms to {250..290} ms.',
        'PR {pr}: one line, and the load test as a guard. Merge it.',
      ),
    ],
    done: 'Merged as {pr}. The load test now fails at 400 ms.',
  },
  {
    lane: 'tracking-api',
    topic: 'tracking-api',
    note: 'limits by key, not by address',
    beats: [
      say(
        '{2..5} partners share one outgoing address and take each other’s quota. Moving the bucket from the address to the API key.',
      ),
      say(
        'The bucket is 30 lines; what is hard is the header: Retry-After must be the true time, or clients hammer. It is now.',
      ),
      ask(
        'docs',
        'Are the limits by address documented anywhere I should know of?',
        'One sentence in the guide. I change it when {pr} is merged.',
      ),
      use(
        'deploy:staging',
        'two keys from one address',
        'Two keys, one address, {900..1400} requests: each gets its own quota, and nobody is refused early.',
      ),
    ],
    done: 'Merged as {pr}. Anonymous callers are still limited by address.',
  },
  {
    lane: 'tracking-api',
    topic: 'tracking-api',
    note: 'memory over time',
    beats: [
      say(
        'The API grows by {8..15} MB an hour under load. Taking heap snapshots over a quarter of an hour; I will be silent, the lane is alive.',
      ),
      quiet,
      say(
        'It is the cache of carriers’ answers: entries end, but their timers keep them. {30..80} thousand timers after an hour.',
      ),
      review('PR {pr}: one timer for the cache instead of one per entry.', 'PR {pr}: simpler than before. Merge.'),
    ],
    done: 'Flat over the last {10..14} minutes of load. Merged as {pr}.',
  },
]

export const trackingStories: readonly Story[] = [...withRole('builder', builderTales)]
