/** The disk of the database is full: the ticks wait in the journal, which is on another one, and are written when there is room again. */

import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'

const exec = promisify(execFile)
const LINES = CONTRACTS.length
/** Room for the tables and a part of the quotes. */
const SMALL = 'size=16m'
const LARGE = 'size=256m'

let room: TapeRoom
let disk: string
/** Why no small disk can be had here. */
let impossible: string | undefined
beforeAll(async () => {
  room = await tapeRoom()
  disk = await mkdtemp(join(tmpdir(), 'tapedeck-disk-'))
  await chmod(disk, 0o755)
  if (process.getuid?.() !== 0) impossible = 'only root can mount a small disk'
  else await exec('mount', ['-t', 'tmpfs', '-o', SMALL, 'tapedeck-test', disk]).catch((error: Error) => (impossible = error.message))
})
afterAll(async () => {
  await room.clear()
  if (!impossible) await exec('umount', ['--lazy', disk])
  await rm(disk, { recursive: true, force: true })
})

forEachEdition('a collector whose database has a disk of its own', (edition) => {
  it('goes on recording while that is full, says so, and writes everything when there is room', async ({ skip }) => {
    skip(impossible !== undefined, `no small disk: ${impossible}`)
    skip(edition.name !== 'the embedded server', 'this server has no disk that we can reach')
    const databaseUrl = await edition.createDatabase()
    const database = new URL(databaseUrl).pathname.slice(1)
    await moveToSmallDisk(databaseUrl, database)

    const { gateway, port } = await room.serve(tapeOf(busyQuotes(200_000, MS_US)), { startAfterLines: LINES, publishTime: true })
    const collector = await startCollecting({ port, databaseUrl, untilEndOfTape: true, drainTimeoutMs: 120_000 })
    const line = await collector.said('53100')
    expect(line).toMatchObject({
      msg: expect.stringContaining('they wait in the journal'),
      reason: expect.stringMatching(/Free space on the disk/),
    })
    const { ticksServed } = await gateway.ended
    await collector.until('all of it is received', ({ counts }) => counts.received === ticksServed)
    expect(collector.progress.counts.inFlight).toBeGreaterThan(0)

    await exec('mount', ['-o', `remount,${LARGE}`, disk])
    const { counts } = await collector.end()
    expect(counts).toMatchObject({ received: ticksServed, written: ticksServed, inFlight: 0 })
    expect(await ask(databaseUrl, 'SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM quotes')).toEqual([
      { rows: ticksServed, seqs: ticksServed },
    ])
  })
})

async function moveToSmallDisk(databaseUrl: string, database: string): Promise<void> {
  const elsewhere = new URL(databaseUrl)
  elsewhere.pathname = '/postgres'
  const client = await connectClient(elsewhere.href)
  try {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    const { uid, gid } = await stat(rows[0]?.data_directory ?? '')
    const folder = join(disk, 'tables')
    await mkdir(folder, { mode: 0o700 })
    await chown(folder, uid, gid)
    await client.query(`CREATE TABLESPACE ${database}_small LOCATION '${folder}'`)
    await client.query(`ALTER DATABASE ${database} SET TABLESPACE ${database}_small`)
  } finally {
    await client.end()
  }
}
