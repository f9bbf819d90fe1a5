import { approve, ask, handOver, note, quiet, review, type Story, say, type Tale, use, withRole } from '../story.ts'

const testerTales: readonly Tale[] = [
  {
    lane: 'e2e-suite',
    topic: 'tests',
    note: 'flake in {spec}',
    vars: { spec: ['labels.spec', 'checkout.spec', 'returns.spec', 'tracking-map.spec'] },
    beats: [
      say('{spec} fails {2..6} times in 100. Running it alone, 200 times.'),
      say('{spec}: it clicks before the list has settled. Not slow, wrong: it waited for a time, not for the list.'),
    ],
    done: '{spec}: 200 of 200. Merged as {pr}.',
  },
  {
    lane: 'contract-tests',
    topic: 'tests',
    note: 'contract with {partner}',
    vars: { partner: ['the label partner', 'the returns partner', 'the payment provider'] },
    beats: [
      say(
        '{Partner} changed their sandbox: {1..3} of {40..60} contracts fail. One is ours, a field that we never promised to read.',
      ),
      ask(
        'builder',
        'Do we read `eta_window` anywhere, or only pass it on?',
        'Only pass it on. If it is gone, it is gone.',
        'Then the contract no longer asks for it.',
      ),
      review(
        'PR {pr}: contract without `eta_window`, the other two reported to them.',
        'PR {pr}: link their answer in the test, so that we know when to put it back.',
        'Linked.',
      ),
    ],
    done: 'Contracts with {partner} are green again, {pr}.',
  },
  {
    lane: 'perf-baseline',
    topic: 'tests',
    note: 'baseline for this week',
    beats: [
      say(
        'Measuring the baseline of the week: 15 minutes at the load of a Monday morning, nothing else on that machine, please. No word from me until it is through.',
      ),
      quiet,
      say(
        'Baseline: p50 {38..52} ms, p95 {170..240} ms, p99 {400..560} ms; last week {40..54}, {190..260}, {430..600}.',
      ),
    ],
    done: 'Baseline is stored. The train compares against it.',
  },
  {
    lane: 'contract-tests',
    topic: 'tests',
    note: 'fixtures without real {what}',
    vars: { what: ['addresses', 'phone numbers', 'parcel numbers'] },
    beats: [
      say('{3..9} fixtures still carry {what} that may belong to somebody. Replacing them by made-up ones.'),
      ask(
        'builder',
        'Does any test rely on real {what}, for the zone or the tax?',
        'The tax ones need the country, no more.',
        'Country stays.',
      ),
      review(
        'PR {pr}: made-up {what}, and a test that finds real ones.',
        'PR {pr}: how does it know?',
        'By the list of those that we made up: anything else is told.',
      ),
    ],
    done: 'Merged as {pr}.',
  },
  {
    lane: 'e2e-suite',
    topic: 'tests',
    note: '{run} in half the time',
    vars: { run: ['nightly', 'smoke', 'weekly'] },
    beats: [
      say(
        'The {run} run takes {48..61} minutes because specs of one file run one after another. Splitting by time, not by file.',
      ),
      note('{run}: four shards by the last times'),
      say('Four shards: {17..21}, {18..22}, {18..22} and {19..23} minutes. The longest spec alone takes 9.'),
    ],
    done: 'Merged as {pr}; the suite is free.',
  },
]

const docsTales: readonly Tale[] = [
  {
    lane: 'docs:api',
    topic: 'docs',
    note: 'reference: {what}',
    vars: { what: ['webhook signatures', 'times are UTC', 'pagination', 'rate limits by key'] },
    beats: [
      say('Reference, {what}: the examples are from before the last change, and one of them does not run.'),
      ask(
        'builder',
        'Is the example in PR {pr} how you meant it? I ran it against staging.',
        'Yes. I would show the error case as well, people copy what is there.',
        'Added, with the answer in full.',
      ),
      review('PR {pr}: {what}, {3..6} examples that the build runs.', 'PR {pr}: examples that cannot rot, finally.'),
    ],
    done: 'Published with the next build: {what}.',
  },
  {
    lane: 'docs:guides',
    topic: 'docs',
    note: 'guide: {what}',
    vars: { what: ['first parcel in five minutes', 'moving from polling to webhooks', 'returns for shops'] },
    beats: [
      say(
        'Guide "{what}": watched {2..4} recordings of people who follow it. All stop at the same step, where a key is needed that was never mentioned.',
      ),
      say('Moved the key to the front, and cut {300..700} words. It is shorter than the list of contents was.'),
      ask(
        'frontend',
        'Is the button still called "Create key"? The guide shows an older one.',
        '"New key", since last week. The picture is in the design folder.',
        'Taken from there.',
      ),
      use(
        'deploy:staging',
        'guide followed word by word',
        'Followed it word by word on staging: {4..7} minutes, no question left.',
      ),
    ],
    done: 'Guide "{what}" is merged as {pr}.',
  },
  {
    lane: 'changelog',
    topic: 'docs',
    note: 'notes of the next release: {part}',
    vars: { part: ['API', 'pages', 'billing'] },
    beats: [
      say(
        'Notes for the next release, {part}: {9..17} changes, of which {3..5} are for customers. Writing those so that one can read them without us.',
      ),
      ask(
        'release',
        'Is the export in this train or in the next?',
        'In this one, if its review is through in time.',
        'Then I keep a line for it.',
      ),
    ],
    done: 'Notes are ready. The release may take the changelog.',
  },
  {
    lane: 'docs:guides',
    topic: 'docs',
    note: 'announcement: {what}',
    vars: { what: ['the end of API version 2', 'new webhook retries', 'the price of exports'] },
    beats: [
      say('Draft of the announcement about {what} is in PR {pr}, {180..260} words.'),
      approve(
        'May the announcement about {what} go out tomorrow at ten to {2..5},{100..900} customers? Text in PR {pr}. It cannot be called back once sent.',
        ['Go, with "from March on" instead of the exact day.', 'Changed to "from March on", scheduled for ten.'],
        [
          'Not this week: sales wants to call the five largest first.',
          'Unscheduled. I ask again when sales is through.',
        ],
      ),
      review(
        'PR {pr}: announcement about {what}.',
        'PR {pr}: the second sentence says what the first said. Else ready.',
        'Cut.',
      ),
    ],
    done: 'The announcement about {what} is in its place.',
  },
  {
    lane: 'docs:api',
    topic: 'docs',
    note: 'dead links in {part}',
    vars: { part: ['the reference', 'the guides', 'the changelog'] },
    beats: [
      say(
        '{14..33} links in {part} lead nowhere, most of them to pages that were renamed. Renaming them back is not it: redirects.',
      ),
      handOver(
        'frontend',
        'Redirects are written down in PR {pr}; the rule for the old pages needs somebody who knows the router.',
        'I know it. Taking the last rule.',
      ),
    ],
    done: 'No dead link in {part} any more, and the build fails on a new one. {pr}.',
  },
]

export const qualityStories: readonly Story[] = [...withRole('tester', testerTales), ...withRole('docs', docsTales)]
