/** A receiver of alerts: prints each message that is posted to it on a line. */

import { createServer } from 'node:http'

createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (part) => (text += part))
  request.on('end', () => {
    if (request.method === 'POST') console.log(JSON.stringify(JSON.parse(text)))
    response.end()
  })
}).listen(8080)
process.on('SIGTERM', () => process.exit())
