import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'msedge', 'microsoft-edge']

/** Where browsers of the Chromium kind are that are in no PATH. */
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...[process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].flatMap((folder) =>
    folder === undefined
      ? []
      : [
          join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ],
  ),
]

/** The browser of this machine; undefined when there is none. */
export function findBrowser(): string | undefined {
  const inPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...inPath, ...PLACES].find((path) => existsSync(path))
}

/** Why there is no browser to test with; undefined where there is one. In CI that is a failure, and no reason to skip. */
export const noBrowser: string | undefined =
  findBrowser() === undefined && !process.env.CI ? 'there is no Chromium, Chrome or Edge on this machine' : undefined

/** Nothing of the browser's own may go out, and it must run as root in a container, too. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Run in the page before its own script. */
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  console.error('policy ' + violatedDirective + ' violated by ' + blockedURI)
})`

export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  if (executablePath === undefined) throw new Error('no Chromium was found: install the package chromium')
  return chromium.launch({ executablePath, args: ARGUMENTS })
}

/** A page, and what went wrong on it: errors, violations of its security policy, requests to elsewhere. */
export interface WatchedPage {
  readonly page: Page
  readonly context: BrowserContext
  /** A test that causes one on purpose takes it out again. */
  readonly faults: string[]
}

/** Opens a page in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const faults: string[] = []
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options })
  const page = await context.newPage()
  const { origin } = new URL(url)
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // A bus that is stopped on purpose is told on the page itself.
    if (message.type() === 'error' && !/net::ERR_|Failed to load resource/.test(message.text()))
      faults.push(message.text())
  })
  page.on('request', (request) => {
    const target = request.url()
    if (!target.startsWith(origin) && !target.startsWith('data:')) faults.push(`a request to ${target}`)
  })
  await page.addInitScript(TELL_VIOLATIONS)
  await page.goto(url)
  return { page, context, faults }
}
