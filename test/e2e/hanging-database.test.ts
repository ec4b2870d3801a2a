/** A database that takes connections and then says nothing more: the process ends all the same. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect, it, onTestFinished } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { placeForTest } from '../support/process/command.ts'

/** Asks the database of DATABASE_URL one question, and ends the pool when it is told so by SIGUSR2. */
const PROGRAM = `
  const { createPool } = await import(process.env.POOL)
  const pool = createPool({ url: process.env.DATABASE_URL, lanes: 1, logger: console })
  await pool.withClient((client) => client.query('SELECT 1'))
  process.once('SIGUSR2', () => clearInterval(told))
  const told = setInterval(() => undefined, 1000)
  console.log('idle')
  await new Promise((resolve) => process.once('SIGUSR2', resolve))
  await pool.end()
  console.log('ended')
`

/** A way to the server that passes everything until it is told to pass nothing more. It closes nothing. */
async function startHolding(databaseUrl: string): Promise<{ url: string; hold: () => void }> {
  const { hostname, port } = new URL(databaseUrl)
  let isHeld = false
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(Number(port || 5432), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => isHeld || to.write(bytes))
      from.on('error', () => undefined)
    }
    onTestFinished(() => {
      client.destroy()
      upstream.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: url.href, hold: () => (isHeld = true) }
}

forEachEdition('a database that hangs', (edition) => {
  it('does not hold up the end of a process whose connections are idle', async () => {
    const place = await placeForTest()
    const { url, hold } = await startHolding(await edition.createDatabase())
    const POOL = pathToFileURL(join(packageRoot(), 'dist', 'db', 'pool.js')).href
    const run = place.start([process.execPath, '--input-type=module', '--eval', PROGRAM], { env: { DATABASE_URL: url, POOL } })
    await run.until('its connection is idle', ({ stdout }) => stdout.includes('idle'))
    hold()
    run.child.kill('SIGUSR2')
    expect(await run.ended).toEqual({ code: 0, stdout: 'idle\nended\n', stderr: '' })
  }, 60_000)
})
