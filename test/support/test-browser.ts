import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { launchBrowser, noBrowser, openPage, type WatchedPage } from './browser.ts'

/** Describes what needs a browser; where there is none it is skipped, and its name says why. */
export function describeInBrowser(subject: string, tests: () => void): void {
  const whyNot = noBrowser === undefined ? '' : ` (skipped: ${noBrowser})`
  describe.skipIf(noBrowser !== undefined)(`${subject}${whyNot}`, tests)
}

/** Starts a browser for the tests of a file. Returns what opens a page in it; whatever goes wrong there fails the test. */
export function startTestBrowser(): (url: string, options?: BrowserContextOptions) => Promise<WatchedPage> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (noBrowser === undefined) browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
  })
  return async (url, options = {}) => {
    if (!browser) throw new Error('the browser starts before the tests of its file, and not before')
    const watched = await openPage(browser, url, options)
    onTestFinished(async () => {
      await watched.context.close()
      expect(watched.faults).toEqual([])
    })
    return watched
  }
}
