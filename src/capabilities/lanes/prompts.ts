import type { PromptSpec } from '../../core/capability.ts'
import { laneNames } from './schemas.ts'

/** For an agent that stops and another that goes on. */
export const handover: PromptSpec = {
  name: 'handover',
  title: 'Hand a lane over',
  description: 'Have an agent write down where it stands, release its lane, and tell who goes on.',
  args: {
    lane: { description: 'The lane to hand over', required: true, names: laneNames },
    to: { description: 'The agent that goes on, where that is known', required: false },
  },
  write: ({ lane = '', to }) => ({
    text: [
      `Hand the lane ${JSON.stringify(lane)} over${to === undefined ? '' : ` to the agent ${JSON.stringify(to)}`}. What the bus knows of it is below.`,
      '1. If you do not hold it, say so and stop: only its holder can hand it over.',
      `2. post_message under the topic of your work${to === undefined ? '' : `, with recipient ${JSON.stringify(to)}`}: what is done, what is not, where it is (branch, files), what you would do next, and what you are unsure of. Somebody must be able to go on from this message alone. Set action_flag when somebody must act.`,
      '3. release_lane with the fence of your claim. Do not touch its subject afterwards.',
    ].join('\n'),
    embeds: [`bus://lanes/${encodeURIComponent(lane)}`],
  }),
}
