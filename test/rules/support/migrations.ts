import type { Migration } from '../../../src/core/database.ts'
import { hashMigration } from '../../../src/store/migrate.ts'

/** The hash of each migration that was ever released, by id. */
export type MigrationLock = Readonly<Record<string, string>>

export interface CapabilityMigrations {
  readonly name: string
  readonly migrations: readonly Migration[]
}

const ID = /^(?<capability>[a-z][a-z-]*)\/(?<number>\d{3})-[a-z0-9]+(?:-[a-z0-9]+)*$/

/**
 * Ids that are not `capability/NNN-title`, that come twice, or that leave a gap in their capability's numbers.
 *
 * @param moved By capability: the one that had its first tables before, whose name stays in their ids.
 */
export function checkMigrationIds(
  capabilities: readonly CapabilityMigrations[],
  moved: Readonly<Record<string, string>> = {},
): string[] {
  const seen = new Set<string>()
  const counts = new Map<string, number>()
  return capabilities.flatMap(({ name, migrations }) =>
    migrations.flatMap(({ id }) => {
      if (seen.has(id)) return [`${id} comes twice`]
      seen.add(id)
      const { capability = '', number } = ID.exec(id)?.groups ?? {}
      if (capability !== name && capability !== moved[name]) return [`${id} is not ${name}/NNN-title`]
      const expected = (counts.get(capability) ?? 0) + 1
      counts.set(capability, expected)
      return Number(number) === expected ? [] : [`${id} must have number ${String(expected).padStart(3, '0')}`]
    }),
  )
}

/** Migrations that are not as locked: changed, gone, or not locked yet. */
export function checkMigrationLock(migrations: readonly Migration[], lock: MigrationLock): string[] {
  const hashes = new Map(migrations.map((migration) => [migration.id, hashMigration(migration)]))
  const breaches = [...hashes].flatMap(([id, hash]) => {
    if (lock[id] === undefined)
      return [`${id} is not locked: add "${id}": "${hash}" to test/rules/migrations.lock.json`]
    return lock[id] === hash ? [] : [`${id} was released and must not change: write a new migration`]
  })
  const gone = Object.keys(lock).filter((id) => !hashes.has(id))
  return [...breaches, ...gone.map((id) => `${id} was released and must stay`)]
}
