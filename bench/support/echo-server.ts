/** The floor of everything over HTTP: a bare server that reads a request and answers so many bytes. */
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const body = 'x'.repeat(Number(new URL(request.url ?? '/', 'http://echo').searchParams.get('bytes') ?? 15))
  request.on('data', () => {})
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''} -- Ctrl-C`)
})
process.once('SIGTERM', () => process.exit(0))
