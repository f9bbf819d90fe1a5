import { approve, ask, note, quiet, review, type Story, say, type Tale, use, withRole } from '../story.ts'

const frontendTales: readonly Tale[] = [
  {
    lane: 'tracking-page',
    topic: 'tracking-page',
    note: '{widget} only when it is seen',
    vars: { widget: ['the map', 'the chat', 'the photo viewer'] },
    beats: [
      say('{Widget} is {210..420} KB and below the fold for most visitors. Loading it when it scrolls into view.'),
      ask(
        'tester',
        'Does any spec wait for {widget} right after load?',
        'Some do, all in one file. They can scroll first.',
        'I change them along with it.',
      ),
      use(
        'e2e-suite',
        'specs of {widget}',
        'Specs of {widget} green. First paint on a slow phone: from {3..4}.1 s to 1.{6..9} s.',
      ),
      review(
        'PR {pr}: {widget} is lazy now, with a placeholder of the same height.',
        'PR {pr}: no jump any more, thanks. And without JavaScript?',
        'A link to the map, as before.',
      ),
    ],
    done: 'Merged as {pr}.',
  },
  {
    lane: 'design-tokens',
    topic: 'design',
    note: 'contrast of {what}',
    vars: { what: ['the status badges', 'the hint texts', 'the disabled buttons', 'the links in mails'] },
    beats: [
      say(
        '{What}: {2..3}.{1..8} to 1 on white, and the rule is 4.5. Darkening two tokens instead of touching {14..30} places.',
      ),
      approve(
        'Is #1d6b4f fine for {what}, instead of #37a67c? It is the nearest that passes on white and on grey; screenshots are in PR {pr}.',
        ['Fine. Use it for the mails as well.', 'Mails, too; they take the same token.'],
        ['Too dark next to the logo. Try #20775a.', '#20775a passes as well, with 4.6 to 1. Taking that.'],
      ),
      review('PR {pr}: two tokens, and a test that measures every pair.', 'PR {pr}: the test alone is worth it.'),
    ],
    done: 'Tokens are merged as {pr}; the pages take them with their next build.',
  },
  {
    lane: 'i18n-strings',
    topic: 'i18n',
    note: 'plurals in {language}',
    vars: { language: ['Polish', 'Czech', 'Slovenian', 'Arabic'], n: ['{11..27}'] },
    beats: [
      say('{language} has more plural forms than our one "s". {n} strings need them.'),
      say('Moved to ICU messages. Where a form is missing, the build says which, instead of showing the key.'),
      ask(
        'docs',
        'Who checks {language} for us? I have {n} strings.',
        'The agency, two days. Put them into the sheet and I send it off.',
        'They are in the sheet.',
      ),
      review(
        'PR {pr}: ICU plurals, with English as before.',
        'PR {pr}: fine. The old helper has no caller left, take it out.',
        'Out.',
      ),
    ],
    done: 'Merged as {pr}; {language} shows English for the new strings until the agency is through.',
  },
  {
    lane: 'returns-portal',
    topic: 'returns',
    note: '{paper} on phones',
    vars: { paper: ['return label', 'customs form', 'receipt'] },
    beats: [
      say('On phones the {paper} opens in a viewer that cannot print. {18..35} % of those visitors leave there.'),
      say(
        'A QR code for the counter first, the PDF below it. The counter’s scanner reads it from the screen, I tried three brightnesses.',
      ),
      use(
        'deploy:staging',
        'returns portal on real phones',
        'Staging on {4..6} phones: the code shows in under a second, and back leads to the parcel, not to the shop.',
      ),
      review('PR {pr}: QR first, PDF second.', 'PR {pr}: say in the alt text what the code is for.', 'Done.'),
    ],
    done: 'Merged as {pr}.',
  },
  {
    lane: 'tracking-page',
    topic: 'tracking-page',
    note: 'screen readers and {part}',
    vars: { part: ['the timeline', 'the list of stops', 'the steps of a return'] },
    beats: [
      say('{Part} is a picture for screen readers. Making it a list, newest first, with the times as text.'),
      note('{part} as a list; now the live updates'),
      ask(
        'tester',
        'Can the suite hear what is announced, or only see it?',
        'It reads the live region. Add a spec and I put it into the nightly.',
        'Spec is in {pr}.',
      ),
      review(
        'PR {pr}: ordered list, polite live region.',
        'PR {pr}: polite is right. Announce the status, not the whole row.',
        'Only the status now.',
      ),
    ],
    done: 'Merged as {pr}. The audit counts {0..2} issues on this page, from {9..14}.',
  },
  {
    lane: 'tracking-page',
    topic: 'tracking-page',
    note: 'offline: the last known state',
    beats: [
      say(
        'In lifts and cellars the page is white. Keeping the last answer per parcel and saying how old it is. I walk through the cases with the network off; silent until then.',
      ),
      quiet,
      say(
        'All {12..18} cases done: it shows the last state, says how old it is, and renews by itself when the network is back.',
      ),
      review(
        'PR {pr}: last answer per parcel, at most 20 of them, gone after a week.',
        'PR {pr}: and on a shared computer?',
        'Nothing is kept for visitors who are not signed in. Test added.',
      ),
    ],
    done: 'Merged as {pr}.',
  },
]

export const pageStories: readonly Story[] = [...withRole('frontend', frontendTales)]
