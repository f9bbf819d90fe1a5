/** Says line by line what SQLite finds in a file: `ok`, or what is wrong with it. */
import { loadDriver } from '../../src/store/sqlite/driver.ts'

const connection = (await loadDriver()).open(process.argv[2] ?? '')
const rows = connection.prepare('pragma integrity_check').all()
console.log(rows.flatMap((row) => Object.values({ ...Object(row) })).join('\n'))
connection.close()
