/** kill -9 of a collector whose journal is full: the ticks that it dropped, and those that came while it was dead, are in one recorded gap. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { listSegments } from '../../collector/journal/directory.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { writeTape } from '../../db/tape/writer.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { gapsIn, recordedPlaces } from '../support/tape/dropped-ticks.ts'
import { CONTRACTS, MS_US, OPEN_US, tapeOf } from '../support/gateway/gateway-tape.ts'
import { type CollectTotals, startCollector, startGatewayProcess, TICK_BY_TICK_LINES } from '../support/process/recording.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'

const QUOTES = 60_000

let folder: string
let tape: string
let config: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-dropping-'))
  tape = join(folder, 'busy.tape')
  await writeTape(tape, { source: 'import' }, [tapeOf(busyQuotes(QUOTES, MS_US))])
  config = join(folder, 'small-journal.yaml')
  await writeFile(config, 'journal: { limitBytes: 1MiB }\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function journaled(dataDir: string): Promise<TapeRecord[]> {
  const records = new Map<number, TapeRecord>()
  for (const { path } of await listSegments(join(dataDir, 'journal')))
    for await (const some of readRecords(path)) for (const record of some) records.set(record.seq, record)
  return [...records.values()]
}

forEachEdition('a collector killed while it drops ticks', (edition) => {
  it('records a gap from its last sign of life until its successor has its lines', async () => {
    const databaseUrl = await edition.createDatabase()
    const dataDir = await mkdtemp(join(folder, 'data-'))
    const proxy = await startPostgresProxy(databaseUrl)
    // The tape in a quarter of its time; the journal is full after four of its fifteen seconds.
    const gateway = startGatewayProcess(tape, CONTRACTS.length + TICK_BY_TICK_LINES, ['--speed', '4', '--sampling', 'off'])
    try {
      const { port } = await gateway.event<{ port: number }>('listening')
      proxy.cut()
      const victim = startCollector({
        port,
        dataDir,
        databaseUrl: proxy.url(databaseUrl),
        symbol: 'TWX',
        collectArgs: ['--config', config],
      })
      await vi.waitFor(
        async () => expect((await journaled(dataDir)).at(-1)).toMatchObject({ event: 'interrupted', cause: 'dropped: journal-full' }),
        { timeout: 60_000, interval: 100 },
      )
      victim.kill('SIGKILL')
      await victim.exited
      const before = await journaled(dataDir)
      const sessionId = (await listSegments(join(dataDir, 'journal')))[0]?.sessionId ?? 0

      const successor = startCollector({ port, dataDir, databaseUrl, symbol: 'TWX' })
      const { sessionId: successorId } = await successor.event<CollectTotals>('summary')
      await successor.succeeded()

      const ticks = before.filter(({ kind }) => kind === 'quote')
      expect(ticks.length).toBeGreaterThan(0)
      const recorded = await recordedPlaces(databaseUrl, sessionId)
      expect(recorded.map(({ tsUs }) => tsUs)).toEqual(ticks.map(({ tsUs }) => tsUs))
      const gaps = await gapsIn(databaseUrl)
      for (const { cause } of gaps) expect(cause).toBe('dropped: journal-full')
      // A disk that was slow for a while may have filled the journal before: what that dropped was counted. What a kill took was not.
      expect(gaps.findIndex(({ droppedTicks }) => droppedTicks === null)).toBe(gaps.length - 1)
      expect(gaps.at(-1)?.fromUs).toBeGreaterThanOrEqual(recorded.at(-1)?.tsUs ?? Number.NaN)
      // A line that is open before the others gets ticks within the gap already; nothing is missing outside of the gaps.
      const places = new Set([...recorded, ...(await recordedPlaces(databaseUrl, successorId))].map(({ place }) => place))
      const missing = Array.from({ length: QUOTES }, (_, place) => place).filter((place) => !places.has(place))
      const isNamed = (us: number) => gaps.some(({ fromUs, toUs }) => us >= fromUs - MS_US && us <= toUs + MS_US)
      expect(missing.filter((place) => !isNamed(OPEN_US + place * MS_US))).toEqual([])
      expect(missing.length).toBeGreaterThan(0)
    } finally {
      gateway.kill('SIGKILL')
      await proxy.close()
    }
  }, 180_000)
})
