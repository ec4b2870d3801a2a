/**
 * The health check of the container: `node healthcheck.mjs [URL]` ends with 0 when the collector's /healthz answers, or whatever the URL names.
 * `tcp://HOST:PORT` asks whether something listens, for the replay gateway. No shell and no quotes: some runtimes split its words at blanks.
 */

import { get } from 'node:http'
import { connect } from 'node:net'

const LIMIT_MS = 4000

const url = new URL(process.argv[2] ?? 'http://127.0.0.1:9464/healthz')

function end(problem) {
  if (problem) console.error(`${url}: ${problem}`)
  process.exit(problem ? 1 : 0)
}

setTimeout(() => end(`no answer within ${LIMIT_MS} ms`), LIMIT_MS)
if (url.protocol === 'tcp:') {
  connect({ host: url.hostname, port: Number(url.port) }, () => end()).on('error', (error) => end(error.message))
} else {
  get(url, ({ statusCode }) => end(statusCode === 200 ? undefined : `HTTP ${statusCode}`)).on('error', (error) => end(error.message))
}
