/**
 * `npm run bench`: a short run of every question in bench/, or of those that are named; `-- --full` a long one.
 * The load generator and what it asks share the machine.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCircumstances } from '../bench/support/circumstances.ts'
import type { Answer, Budget, Question } from '../bench/support/question.ts'
import { type Recorded, type RecordedAnswer, readRecorded, writeRecorded } from '../bench/support/record.ts'
import { findRegressions } from '../bench/support/regressions.ts'
import { report } from '../bench/support/report.ts'
import { bundle } from './bundle.ts'
import { renderPerformance } from './generate/performance.ts'

const folder = join(import.meta.dirname, '../bench')
const questions = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
const options = { full: { type: 'boolean' }, check: { type: 'boolean' }, record: { type: 'boolean' } } as const

const SHORT: Budget = { rounds: 3, seconds: 0.7, isFull: false }
const FULL: Budget = { rounds: 7, seconds: 1.5, isFull: true }

const asked = readArguments()
if (typeof asked === 'string') {
  console.error(asked)
  process.exitCode = 2
} else await ask(asked)

interface Asked {
  readonly names: readonly string[]
  readonly full?: boolean
  readonly check?: boolean
  readonly record?: boolean
}

/** What is to be done, or the line that says why nothing is. */
function readArguments(): Asked | string {
  const usage = `there are --full, --check, --record and the questions ${questions.join(', ')}`
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const unknown = positionals.find((name) => !questions.includes(name))
    if (unknown !== undefined) return `no question ${unknown}: ${usage}`
    return { ...values, names: positionals.length === 0 ? questions : positionals }
  } catch (error) {
    return `${error instanceof Error ? error.message.split('. ')[0] : error}: ${usage}`
  }
}

async function ask({ names, full = false, check = false, record = false }: Asked): Promise<void> {
  const circumstances = describeCircumstances()
  console.log(
    `${circumstances.machine}, ${circumstances.system}, Node ${circumstances.node}, commit ${circumstances.commit}`,
  )
  console.log(circumstances.command)
  // What is measured is what the sources say now.
  await bundle()
  const recorded = readRecorded()
  const answers: Record<string, RecordedAnswer> = {}
  const regressions: string[] = []
  const failed: string[] = []
  for (const name of names) {
    const question: Question = await import(pathToFileURL(join(folder, `${name}.ts`)).href)
    const answer = await tryToAnswer(name, question, full ? FULL : SHORT)
    if (!answer) {
      failed.push(name)
      continue
    }
    report(name, question, answer)
    answers[name] = { ...circumstances, asks: question.asks, targets: question.targets, ...answer }
    regressions.push(...findRegressions(answer.ratios, recorded[name]?.ratios ?? []))
  }
  if (record) keep(answers)
  if (check)
    tellRegressions(
      regressions,
      Object.keys(answers).filter((name) => !(name in recorded)),
    )
  if (failed.length > 0) {
    console.error(`\nno answer: ${failed.join(', ')}`)
    process.exitCode = 1
  }
}

/** Keeps the answers, and makes the page of them anew. */
function keep(answers: Recorded): void {
  writeRecorded(answers)
  for (const [path, text] of renderPerformance()) writeFileSync(join(import.meta.dirname, '..', path), text)
}

/** A question that fails is told, and does not keep the others from being asked. */
async function tryToAnswer(name: string, question: Question, budget: Budget): Promise<Answer | undefined> {
  try {
    return await question.run(budget)
  } catch (error) {
    console.error(`\n${name} failed:`, error)
    return undefined
  }
}

function tellRegressions(regressions: readonly string[], unknown: readonly string[]): void {
  console.log(
    `\nbeside bench/recorded.json ${regressions.length === 0 ? 'no ratio got worse by more than 25 %' : 'got worse:'}`,
  )
  for (const line of regressions) console.log(`  ${line}`)
  if (unknown.length > 0) console.log(`  nothing is recorded of ${unknown.join(', ')}`)
  if (regressions.length > 0) process.exitCode = 1
}
