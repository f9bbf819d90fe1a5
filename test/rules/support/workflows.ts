import { parse } from 'yaml'
import * as z from 'zod'
import type { SourceFile } from './tree.ts'

const permissions = z.record(z.string(), z.enum(['read', 'write', 'none']))
const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
})
const job = z.object({
  permissions: permissions.optional(),
  'timeout-minutes': z.number().optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  steps: z.array(step),
})
/** A workflow, as far as it can do harm. */
const workflow = z.object({
  on: z.union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())]),
  permissions,
  jobs: z.record(z.string(), job),
})
export type Workflow = z.output<typeof workflow>

/** @throws {Error} For what is no YAML, or no workflow that says which rights it has. */
export function readWorkflow({ text }: SourceFile): Workflow {
  return workflow.parse(parse(text))
}

/**
 * Rights that a workflow has for all its jobs, or for code that is not ours to trust with them; actions that may change
 * under us; and texts of others that a shell would run.
 */
export function checkWorkflow(file: SourceFile): string[] {
  const { path, text } = file
  const { on, permissions: general, jobs } = readWorkflow(file)
  const problems = [
    ...(JSON.stringify(on).includes('pull_request_target') ? ['runs the code of strangers with our rights'] : []),
    ...Object.entries(general).flatMap(([right, level]) =>
      level === 'write' ? [`may write ${right} in all jobs`] : [],
    ),
    ...Object.entries(jobs).flatMap(([name, one]) => checkJob(one).map((problem) => `${name} ${problem}`)),
    ...listUnpinned(text).map((line) => `does not pin ${line}`),
  ]
  return problems.map((problem) => `${path}: ${problem}`)
}

function checkJob(one: Workflow['jobs'][string]): string[] {
  const mayWrite = Object.values(one.permissions ?? {}).includes('write')
  return [
    ...(one['timeout-minutes'] === undefined ? ['may run for ever'] : []),
    ...one.steps.flatMap(({ uses = '', run = '', with: options = {} }) => [
      ...(mayWrite && /\bnpm (?:ci|install|run|test)\b|\bnpx\b/.test(run)
        ? [`runs others' code with rights: ${run}`]
        : []),
      // Whoever gives a branch its name would write our script.
      ...(run.includes('${{') ? [`puts a value into a script: ${run}`] : []),
      ...(uses.startsWith('actions/checkout@') && options['persist-credentials'] !== false
        ? ['leaves its credentials in the checkout']
        : []),
    ]),
  ]
}

/** Actions that are not named by a whole commit, with the version for people behind it. */
function listUnpinned(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /^\s*(?:- )?uses: *(.*)$/.exec(line)?.[1] ?? [])
  return lines.filter((used) => !/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used))
}
