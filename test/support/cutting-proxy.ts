import { COMMIT, startProxy } from './proxy.ts'

/** What happens to a connection that is about to commit: nothing, or it is cut before the server hears of it, or after. */
export type CutAtCommit = 'none' | 'before' | 'after'

/**
 * Stands between a bus and its PostgreSQL, and cuts connections just when a transaction is to be kept. Stopped after the
 * test.
 *
 * @param choose Asked at each commit.
 * @returns The URL of the same database through it.
 */
export function startCuttingProxy(url: string, choose: () => CutAtCommit): Promise<string> {
  return startProxy(url, (near, far) => {
    let isCut = false
    near.on('data', (chunk: Buffer) => {
      const cut = chunk.includes(COMMIT) ? choose() : 'none'
      if (cut === 'before') return near.destroy()
      isCut ||= cut === 'after'
      far.write(chunk)
    })
    // The answer to the commit is on its way: it is done, and nobody hears of it.
    far.on('data', (chunk: Buffer) => (isCut ? near.destroy() : near.write(chunk)))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
}
