/** A crash after which the journal is not there any more: what only the database and the collector's file know is named. */

import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { forEachEdition } from '../support/database/databases.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { ask, folderForTest, startCollecting } from '../support/process/collecting.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(200_000, MS_US)))
})
afterAll(() => room.clear())

forEachEdition('a collector whose journal was deleted behind a crash', (edition) => {
  it('names the time from its last row in the database until its lines are open again, once', async () => {
    const databaseUrl = await edition.createDatabase()
    const proxy = await startPostgresProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    const { port } = await room.serveFile(tape, { startAfterLines: CONTRACTS.length, publishTime: true, speed: 4 })
    const first = await startCollecting({ port, databaseUrl: proxy.url(databaseUrl) })
    await first.until('rows are in the database', ({ counts }) => counts.written > 500)
    proxy.cut()
    const dataDir = await folderForTest()
    await cp(join(first.dataDir, 'collector.json'), join(dataDir, 'collector.json'))
    const { sessionId: lostId } = await first.force()
    await rm(first.journal, { recursive: true })

    const starts: number[] = []
    for (let run = 0; run < 2; run++) {
      const collector = await startCollecting({ port, databaseUrl, dataDir, gateway: { clientId: 88 + run } })
      await collector.until('it records', ({ counts }) => counts.written > 500)
      starts.push((await collector.stop('stopped')).sessionId)
    }
    const [row] = await ask<{ last: number; opened: number }>(
      databaseUrl,
      `SELECT (extract(epoch FROM (SELECT max(ts) FROM quotes WHERE session_id = ${lostId})) * 1000000)::float8 AS last,
         (extract(epoch FROM (SELECT max(opened_ts) FROM line_holds WHERE session_id = ${starts[0]})) * 1000000)::float8 AS opened`,
    )
    const gaps = await ask<{ id: number; from: number; to: number; cause: string }>(
      databaseUrl,
      `SELECT session_id::float8 AS id, cause, (extract(epoch FROM from_ts) * 1000000)::float8 AS from,
         (extract(epoch FROM to_ts) * 1000000)::float8 AS to FROM ${GAPS_BEHIND_START} ORDER BY from_ts`,
    )
    expect(gaps.map(({ id, cause }) => [id, cause])).toEqual(Array.from({ length: 2 }, () => [starts[0], 'collector-crash']))
    const [behindRows, untilLines] = gaps
    expect(behindRows?.from).toBeGreaterThanOrEqual(row?.last ?? Number.NaN)
    expect(untilLines?.from).toBe(behindRows?.to)
    expect(untilLines?.to).toBeGreaterThanOrEqual(row?.opened ?? Number.NaN)
    const ends = await ask(databaseUrl, 'SELECT ended_cause AS cause FROM sessions ORDER BY session_id')
    expect(ends).toEqual([{ cause: 'crash' }, { cause: 'stopped' }, { cause: 'stopped' }])
  })
})
