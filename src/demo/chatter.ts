/** What agents say to each other outside of any story. `{…}` is filled in as in stories. */

export const askOwner: readonly string[] = [
  'How long do you still need {lane}? I have this to do there: {why}.',
  '{lane} is yours, I see. Could I have it for a few minutes? ({why})',
  'Refused on {lane}, you hold it. When would it suit you? I want it for: {why}.',
  'I am next for {lane} ({why}). No hurry, but tell me if it takes longer than ten minutes.',
]

export const answerOwner: readonly string[] = [
  'About {2..5} minutes. Queue for it, I release it as soon as I am through.',
  'One run is left. You get it right after.',
  'Nearly done: writing the last test. Wait in the queue, please.',
  '{2..4} more minutes; I would rather not stop in the middle.',
]

export const gotLane: readonly string[] = [
  'Got {lane}, thanks.',
  'Have {lane} now. Thanks for being quick.',
  '{lane} is with me now, I will be brief.',
]

export const gaveUp: readonly string[] = [
  'Waited {minutes} minutes for {lane}, leaving the queue. I come back to it after the next piece.',
  'Not getting {lane} soon; doing something else first.',
]

export const noAnswer: readonly string[] = [
  '{owner} holds {lane} and does not answer. Leaving it alone and taking another piece.',
  'No word from {owner} about {lane}. Its lease still runs, so I do other work.',
]

export const lost: readonly string[] = [
  'Lost {lane}: my lease is over. Stopped at once; what I had is on the branch, nothing is half applied.',
  'My heartbeat on {lane} was refused, so I stopped. The branch is pushed.',
]

export const notices: readonly string[] = [
  '{lane} is orphaned: the lease of {agent} ran out and it does not answer. Leave the branch alone until we know more.',
  '{agent} has been gone since its lease on {lane} ran out. Who has a hand free?',
  'Orphaned: {lane}, last held by {agent}. I give it a few minutes to come back before somebody takes over.',
]

export const takesOver: readonly string[] = [
  'Took over {lane} with fence {fence}. The branch of {agent} builds; finishing what it left.',
  'I have {lane} now (fence {fence}). {agent} got as far as the tests; I go on from its last commit.',
]

export const finishes: readonly string[] = [
  'Finished what {agent} had begun on {lane}: {pr} is merged, tests are green.',
  '{lane} is in order again: one commit was missing its test. Merged as {pr}.',
]

export const clears: readonly string[] = [
  'Cleared the orphaned claim on {lane}: nothing was half done on the branch of {agent}, I looked.',
  '{lane} is free again. {agent} had pushed everything before it went down.',
]

export const returnsToLost: readonly string[] = [
  'Back: my host ran out of memory. I read that {lane} was taken over, so I leave it alone.',
  'Restarted. Found the bus’s message about {lane}; my uncommitted part is on wip/{lane} if it helps.',
]

export const returnsToCleared: readonly string[] = [
  'Back after a restart of my host. {lane} was cleared meanwhile; I claim it again when its turn comes.',
  'Restarted and read what happened. Nothing of mine on {lane} is lost.',
]

export const returnsToOwn: readonly string[] = [
  'Restarted. My lease on {lane} had lapsed and nobody had taken it: claimed it anew with fence {fence}, going on.',
  'Back. New tenure on {lane}, fence {fence}; checked that nobody changed it meanwhile.',
]

export const reminders: readonly string[] = [
  'Still waiting for this one. Nothing breaks meanwhile, but I hold the lane for it.',
  'A reminder: I cannot go on without an answer here.',
  'This still blocks me. Everything else of it is prepared.',
]

export const thanksVisitor: readonly string[] = [
  'Seen that {person} acknowledged it. Going ahead, thank you.',
  '{person} has seen to it, thanks. Going on.',
]
