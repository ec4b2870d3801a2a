/** The TCP port that the private database listens on, on 127.0.0.1 only. */

import { randomInt } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { WriteError } from '../../market/errors.ts'

/** Below the ports that systems hand to outgoing connections (from 32768 on Linux), which could take ours while the server is down. */
const FIRST_PORT = 15_000
const LAST_PORT = 29_999
const TRIES = 100

/**
 * A free port: the one kept in `file` if it is free now, else any. Another process may still take it before the server does.
 *
 * @throws WriteError `embedded-no-port`
 */
export async function choosePort(file: string): Promise<number> {
  const kept = Number(await readFile(file, 'utf8').catch(() => ''))
  if (Number.isInteger(kept) && kept > 0 && kept < 65_536 && (await isFree(kept))) return kept
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (await isFree(port)) return port
  }
  throw new WriteError(`Expected a free port between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1, found none in ${TRIES} tries.`, {
    code: 'embedded-no-port',
    retryable: true,
  })
}

/** Keeps `port` for the next start. */
export async function keepPort(file: string, port: number): Promise<void> {
  await writeFile(`${file}.new`, String(port))
  await rename(`${file}.new`, file)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
