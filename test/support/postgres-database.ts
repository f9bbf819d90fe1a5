import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, onTestFinished, TestRunner } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openPostgres, type PostgresOptions } from '../../src/store/postgres/database.ts'
import { closeAfterTest } from './database.ts'
import { itemMigrations } from './items.ts'
import { type PostgresServer, postgresObstacle, startPostgres } from './postgres.ts'
import { removeFolder } from './remove-folder.ts'

/**
 * Starts a server for the tests of a file, and stops it after them. Returns how to get at it from within a test, which is
 * skipped at this point where no server can be.
 *
 * @param createEnv Is given the server's folder, and says what its environment has beside that of the tests.
 */
export function startTestPostgres(
  settings: readonly string[] = [],
  createEnv: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): () => PostgresServer {
  let server: PostgresServer | undefined
  let folder: string | undefined
  beforeAll(async () => {
    if (postgresObstacle !== undefined) return
    folder = mkdtempSync(join(tmpdir(), 'bus-mcp-'))
    server = await startPostgres(folder, settings, createEnv(folder))
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  }, 60_000)
  return () => {
    if (postgresObstacle !== undefined) TestRunner.getCurrentTest()?.context.skip(postgresObstacle)
    if (!server) throw new Error('the server starts before the tests of its file, and not before')
    return server
  }
}

/** Opens a PostgreSQL database, with the table of items unless told otherwise; closed after the test at the latest. */
export async function openTestPostgres(
  options: Partial<PostgresOptions> & { readonly url: string },
): Promise<Database> {
  return closeAfterTest(await openPostgres({ migrations: itemMigrations, ...options }))
}

/** A session of somebody else's on the database; ended after the test. */
export async function openSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}
