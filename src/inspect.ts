import { capabilities } from './capabilities/index.ts'
import type { Reader } from './core/database.ts'
import { startError } from './core/errors.ts'
import { checkInvariant, type Finding, type Invariant } from './core/invariant.ts'
import { inspectDatabase } from './store/inspect.ts'
import type { Inspection } from './store/inspection.ts'
import { storeInvariants } from './store/invariants.ts'

export { type Inspection, RESTORE_ADVICE } from './store/inspection.ts'

/** What holds of everything that is kept: of the store's own tables, and of those of all capabilities. */
export const invariants: readonly Invariant[] = [
  ...storeInvariants,
  ...capabilities.flatMap((capability) => capability.invariants ?? []),
]

const migrations = capabilities.flatMap((capability) => capability.migrations)

/** Opens a database to look at it, whoever uses it. */
export function inspect(place: string): Promise<Inspection> {
  return inspectDatabase({ place, migrations })
}

/**
 * Looks at the file and at all invariants of a database, also while a bus serves it.
 *
 * @param tell Is told what each look found, as soon as it did.
 * @returns The findings that are wrong.
 * @throws {AppError} `database_outdated`, and what `inspectDatabase` throws.
 */
export async function checkDatabase(place: string, tell: (finding: Finding) => void): Promise<readonly Finding[]> {
  const inspection = await inspect(place)
  try {
    if (!inspection.isCurrent) {
      throw startError(
        'database_outdated',
        'an older bus-mcp wrote the database -- start the bus on it, or run bus-mcp migrate, and check it then',
      )
    }
    return await look(inspection, invariants, tell)
  } finally {
    await inspection.close()
  }
}

/** Looks at the file, where the engine has one, and at each of the invariants. */
export async function look(
  { reader, checkFile }: Pick<Inspection, 'reader' | 'checkFile'>,
  all: readonly Invariant[],
  tell: (finding: Finding) => void = () => {},
): Promise<readonly Finding[]> {
  const wrong: Finding[] = []
  const note = (finding: Finding) => {
    tell(finding)
    if (finding.violations.length > 0) wrong.push(finding)
  }
  if (checkFile) note(await lookAtFile(checkFile))
  for (const invariant of all) note(await lookAt(reader, invariant))
  return wrong
}

async function lookAtFile(checkFile: () => Promise<readonly string[]>): Promise<Finding> {
  const finding = { name: 'file', holds: 'integrity_check and foreign_key_check find nothing', looked: 'all pages' }
  const violations = await checkFile().catch(describeUnreadable)
  return { ...finding, violations, hasMore: false }
}

/** What cannot be read is a finding as well, and no reason not to look at the rest. */
async function lookAt(reader: Pick<Reader, 'all'>, invariant: Invariant): Promise<Finding> {
  try {
    return await checkInvariant(reader, invariant)
  } catch (error) {
    const { name, holds, table } = invariant
    return { name, holds, looked: table, violations: describeUnreadable(error), hasMore: false }
  }
}

function describeUnreadable(error: unknown): readonly string[] {
  return [`cannot be read: ${error instanceof Error ? error.message : String(error)}`]
}
