/** `npm start`: builds, and runs the built bus with the arguments given. */
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

await bundle()
const main = new URL('../dist/main.js', import.meta.url)
// As if it had been called by its own name, which the line to connect an agent quotes.
process.argv.splice(1, 1, fileURLToPath(main), 'serve')
await import(main.href)
