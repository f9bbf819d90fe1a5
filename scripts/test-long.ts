/**
 * `npm run test:long`: the regimes of CORRECTNESS.md with far larger numbers, one file after another; hours.
 * `npm run test:long -- model crash` runs only the files with one of these words in their path.
 */
import { runTool } from './run-tool.ts'

process.env.BUS_TEST_SCALE = 'long'
const words = process.argv.slice(2)
const files = words.length > 0 ? words : ['test/correctness', 'test/fuzz', 'decide-search']
runTool('vitest/vitest.mjs', ['run', '--no-file-parallelism', ...files])
