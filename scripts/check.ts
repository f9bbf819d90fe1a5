/** `npm run check`: types, format and lint, and the freshness of generated files. Fast; the tests are `npm test`. */
import { runTool } from './run-tool.ts'

runTool('typescript/bin/tsc', [])
// The panel runs in a browser, whose globals the rest has not.
runTool('typescript/bin/tsc', ['-p', 'src/surfaces/panel'])
runTool('@biomejs/biome/bin/biome', ['check'])
runTool('tsx/dist/cli.mjs', ['scripts/generate.ts', '--check'])
