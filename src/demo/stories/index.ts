import type { Story } from '../story.ts'
import { accountStories } from './accounts.ts'
import { pageStories } from './pages.ts'
import { platformStories } from './platform.ts'
import { qualityStories } from './quality.ts'
import { steeringStories } from './steering.ts'
import { trackingStories } from './tracking.ts'

/** All that may happen in the made-up project: a service that tracks parcels, with its pages, its bills and its releases. */
export const stories: readonly Story[] = [
  ...trackingStories,
  ...accountStories,
  ...pageStories,
  ...platformStories,
  ...qualityStories,
  ...steeringStories,
]
