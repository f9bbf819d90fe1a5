import fc from 'fast-check'
import { type ListedTool, piecesOf, stdioCases } from './stdio-cases.ts'
import { type StdioSession, startSession } from './stdio-session.ts'

export interface StdioFuzz {
  /** Of the bus that the tools ask. */
  readonly apiUrl: string
  readonly seed: number
  readonly start?: Parameters<typeof startSession>[1]
  readonly patienceMs?: number
}

/** How long a counterexample may be made smaller. */
const SHRINKING_MS = 30_000

export interface StdioResult {
  readonly sessions: number
  readonly pieces: number
  readonly requests: number
  readonly refused: number
  readonly failure: string | undefined
}

/** The tools of which the calls are made, as the server lists them. */
export async function listTools(apiUrl: string): Promise<readonly ListedTool[]> {
  const session = startSession(apiUrl)
  try {
    await session.open('legacy')
    return await session.listTools()
  } finally {
    session.kill()
  }
}

/** Starts a server for each case, writes what the case says, and ends its input; shrinks the first that does not bear it. */
export async function fuzzStdio(
  { apiUrl, seed, start, patienceMs }: StdioFuzz,
  tools: readonly ListedTool[],
  sessions: number,
): Promise<StdioResult> {
  const sums = { pieces: 0, requests: 0, refused: 0 }
  let failedAt: number | undefined
  const property = fc.asyncProperty(stdioCases(tools), async ({ opening, pieces, chunkBytes, remainder }) => {
    // What takes no further run ends the shrinking, each step of which may wait for what never comes.
    if (failedAt !== undefined && performance.now() - failedAt > SHRINKING_MS) return
    const session = startSession(apiUrl, start, patienceMs)
    try {
      await session.open(opening)
      await session.write(pieces, chunkBytes)
      await session.probe()
      await session.end(remainder)
    } catch (error) {
      failedAt ??= performance.now()
      throw error
    } finally {
      session.kill()
      sums.pieces += pieces.length
      sums.requests += session.counts.requests
      sums.refused += session.counts.refused
    }
  })
  const result = await fc.check(property, { numRuns: sessions, seed })
  const failure = result.failed ? `${fc.defaultReportMessage(result)}\n${result.errorInstance}` : undefined
  return { sessions: result.numRuns, ...sums, failure }
}

/** Writes random pieces to one server that goes on, for what only shows after long. */
export async function fuzzOneServer(
  session: StdioSession,
  tools: readonly ListedTool[],
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): Promise<void> {
  const batches = fc.sample(fc.array(piecesOf(tools), { minLength: 20, maxLength: 20 }), { numRuns: rounds, seed })
  for (const pieces of batches) {
    await session.write(pieces, 65_536)
    await session.probe()
  }
}
