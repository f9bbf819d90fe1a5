/** `npm run bench`: a short run of every question in bench/; `-- --full` a long one. Load generator and bus share the machine. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = join(import.meta.dirname, '../bench')
const isFull = process.argv.includes('--full')
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()

console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, commit ${commit}`)
console.log(`npm run bench${isFull ? ' -- --full' : ''}`)
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const question: { run(rounds: number, seconds: number): Promise<void> } = await import(
    pathToFileURL(join(folder, file)).href
  )
  await question.run(isFull ? 7 : 3, isFull ? 2 : 0.7)
}
