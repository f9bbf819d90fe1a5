import { readFileSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/**
 * How many commits SQLite's write-ahead log beside `path` holds: those of its frames that end one. The format is told in
 * sqlite.org/fileformat2.html, section 4. Each commit costs one sync.
 */
export function countCommits(path: string): number {
  const wal = readFileSync(`${path}-wal`)
  if (wal.length < HEADER_BYTES) return 0
  const pageBytes = wal.readUInt32BE(8)
  // Frames with other salts are left over from before the log was begun again.
  const salts = wal.subarray(16, 24)
  let commits = 0
  for (let at = HEADER_BYTES; at < wal.length; at += FRAME_HEADER_BYTES + pageBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break
    const pagesAfterCommit = wal.readUInt32BE(at + 4)
    if (pagesAfterCommit > 0) commits += 1
  }
  return commits
}
