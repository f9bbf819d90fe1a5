/** The floor of everything over HTTP: a bare server that reads a request and answers so many bytes. */
import { createServer } from 'node:http'

/** As they were asked for, in `?bytes=`; made once. */
const bodies = new Map<string, Buffer>()

const server = createServer((request, response) => {
  const url = request.url ?? '/'
  const body = bodies.get(url) ?? Buffer.alloc(Number(/bytes=(\d+)/.exec(url)?.[1] ?? 15), 'x')
  bodies.set(url, body)
  request.on('data', () => {})
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''} -- Ctrl-C`)
})
process.once('SIGTERM', () => process.exit(0))
