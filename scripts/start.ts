/** `npm start`: builds, and runs the built bus with the arguments given. */
import { bundle } from './bundle.ts'

bundle()
process.argv.splice(2, 0, 'serve')
await import(new URL('../dist/main.js', import.meta.url).href)
