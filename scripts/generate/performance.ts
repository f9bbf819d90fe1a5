import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderPage, renderPlots } from '../../bench/support/page.ts'
import { readRecorded } from '../../bench/support/record.ts'

const PAGE = 'docs/guide/performance.md'

/** The page of what was measured, its tables made anew, and its pictures. */
export function renderPerformance(): Map<string, string> {
  const recorded = readRecorded()
  const page = readFileSync(join(import.meta.dirname, '../..', PAGE), 'utf8')
  return new Map([[PAGE, renderPage(page, recorded)], ...renderPlots(recorded)])
}
