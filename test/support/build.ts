import { bundle } from '../../scripts/bundle.ts'

/** Builds once before all tests, so that those with real processes run what users run. */
export function setup(): void {
  bundle()
}
