import { ask, type Story, say, type Tale, use, withRole } from '../story.ts'

const reviewerTales: readonly Tale[] = [
  {
    lane: 'review-queue',
    topic: 'reviews',
    note: 'a rule for what I say most often',
    vars: { what: ['timers that nobody clears', 'money as a float', 'catch without a reason'] },
    beats: [
      say(
        'I have written the same remark {7..13} times this week: {what}. Making it a rule, so that the machine says it.',
      ),
      say('The rule finds {18..44} places, {3..6} of them real faults. The others get a reason beside them.'),
      ask(
        'builder',
        'Is {what} ever right in the adapters? The rule is strict there.',
        'In one place, with a reason. Strict is fine.',
      ),
    ],
    done: 'Rule against {what} is on for new code, {pr}.',
  },
  {
    lane: 'review-queue',
    topic: 'reviews',
    note: 'second look at {part}',
    vars: { part: ['the retry schedule', 'the rounding table', 'the cache', 'the token grace time'] },
    beats: [
      say('Second look at {part} after a week in production: {2..4} remarks, none that must stop a train.'),
      ask(
        'builder',
        'In {part}: who would notice if it stopped working in silence?',
        'Nobody before the evening, to be honest. I add a counter.',
        'A counter is enough, thank you.',
      ),
    ],
    done: 'Second look at {part} is done, remarks are in {pr}.',
  },
  {
    lane: 'review-queue',
    topic: 'reviews',
    note: 'PRs that wait longest: {part}',
    vars: { part: ['API', 'pages', 'platform', 'billing'] },
    beats: [
      say(
        '{Part}: {6..11} PRs wait for a review, the oldest for {2..4} days. Going through them by age; questions about them in their own threads.',
      ),
      say(
        '{3..5} done, {1..2} sent back: too large to be read in one go. Please split at the boundary between storage and API.',
      ),
    ],
    done: 'The queue of {part} is at {1..3}.',
  },
  {
    lane: 'review-queue',
    topic: 'decisions',
    note: 'decision: {what}',
    vars: {
      what: ['one queue per carrier', 'times as UTC in storage', 'no ORM in the hot path', 'one database per region'],
    },
    beats: [
      say('Writing the decision about {what} down: question, choice, price. One page.'),
      ask(
        'planner',
        'Was the alternative measured, or only discussed?',
        'Measured in spring: {2..4} times the latency at the worst hour.',
        'Then that number goes into the page.',
      ),
      ask(
        'builder',
        'Would you sign {what} as it stands in PR {pr}?',
        'Yes. I would name what makes us change our mind.',
        'Added as the last line.',
      ),
    ],
    done: 'Decision about {what} is merged, {pr}.',
  },
]

const plannerTales: readonly Tale[] = [
  {
    lane: 'plan',
    topic: 'plan',
    note: 'order of the next pieces: {theme}',
    vars: { theme: ['carriers', 'mails', 'search', 'exports', 'returns'] },
    beats: [
      say(
        'Next pieces around {theme}: first what somebody waits for, then what is small, the rest tomorrow. Claim the lane before you begin, as always.',
      ),
      ask(
        'migrations',
        'For {theme} we need one more index. Is that realistic for today?',
        'Yes, if nobody else needs db:migrations for half an hour.',
        'Then nobody else does.',
      ),
      say('Reordered {theme}: what waits for a person goes down, what two wait for goes up.'),
    ],
    done: 'The plan for {theme} is up to date.',
  },
  {
    lane: 'plan',
    topic: 'plan',
    note: 'how long {theme} still takes',
    vars: { theme: ['the new carrier', 'the returns portal', 'plurals', 'rotation of keys'] },
    beats: [
      ask(
        'builder',
        'How much is left of {theme}, in pieces and not in hours?',
        '{2..5} pieces, one of them unclear: what happens to what is under way at the switch.',
        'Then that one first.',
      ),
      ask(
        'tester',
        'What would you want to see of {theme} before it goes out?',
        'One run with last week’s load, and the way back tried once.',
        'Both are in the plan now.',
      ),
    ],
    done: '{Theme}: the unclear piece is first, and the rest has its order.',
  },
  {
    lane: 'plan',
    topic: 'plan',
    note: 'tickets from support: {theme}',
    vars: { theme: ['doubled mails', 'stuck parcels', 'labels on phones', 'invoices'] },
    beats: [
      say(
        '{12..26} tickets from support, {4..8} about the same thing: {theme}. Linked, so that they are answered together.',
      ),
      ask(
        'ops',
        'Two of the tickets speak of slow pages. Do you see anything?',
        'A short spike an hour ago, one node, restarted by itself. I keep an eye on it.',
        'Noted in the tickets.',
      ),
    ],
    done: 'Tickets about {theme} are linked or answered.',
  },
]

const releaseTales: readonly Tale[] = [
  {
    lane: 'release-train',
    topic: 'release',
    note: 'what comes with the next train: {part}',
    vars: { part: ['API', 'pages', 'jobs'] },
    beats: [
      say('{part}: {11..19} changes since the last train, {1..2} with a flag that must stay off.'),
      ask(
        'migrations',
        'Is there a migration that must run before the next train?',
        'None before it. One after, and it waits for nobody.',
        'Good.',
      ),
    ],
    done: 'List for the next train, {part}: complete.',
  },
  {
    lane: 'release-train',
    topic: 'release',
    note: 'drill of the way back from {share}',
    vars: { share: ['10 %', '50 %', '100 %'] },
    beats: [
      say('Drill: the way back from {share}, on staging, with the clock running.'),
      use(
        'deploy:staging',
        'drill of the way back',
        'Back in {70..130} s; the rule says 180. The slowest part is the cache, again.',
      ),
      ask(
        'ops',
        'Could the cache be warmed before the switch instead of after it?',
        'Yes, it costs one node for two minutes. I write it down.',
      ),
    ],
    done: 'Drill is done and in the book.',
  },
]

export const steeringStories: readonly Story[] = [
  ...withRole('reviewer', reviewerTales),
  ...withRole('planner', plannerTales),
  ...withRole('release', releaseTales),
]
