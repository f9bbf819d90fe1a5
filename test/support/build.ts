import { bundle } from '../../scripts/bundle.ts'
import { noBrowser } from './browser.ts'

/** Builds once before all tests, so that those with real processes run what users run. */
export async function setup(): Promise<void> {
  await bundle()
  if (noBrowser !== undefined) console.warn(`test/panel is skipped: ${noBrowser}`)
}
