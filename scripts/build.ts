/** `npm run build`: the bundles, and the type declarations of the client. */
import { bundle } from './bundle.ts'
import { runTool } from './run-tool.ts'

await bundle()
runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
