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
import { type CollectTotals, startCollector, startGatewayProcess } from '../support/process/recording.ts'
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
    const gateway = startGatewayProcess(tape, CONTRACTS.length, ['--speed', '4', '--sampling', 'off'])
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
      // Nothing is missing before the gap.
      const places = new Set(recorded.map(({ place }) => place))
      expect(Math.max(...places)).toBe(places.size - 1)
      const [gap, ...others] = await gapsIn(databaseUrl)
      expect(others).toEqual([])
      expect(gap).toMatchObject({ cause: 'dropped: journal-full', droppedTicks: null })
      expect(gap?.fromUs).toBeGreaterThanOrEqual(recorded.at(-1)?.tsUs ?? Number.NaN)
      // A line that is open before the others gets ticks within the gap already; all missing ticks lie in it.
      for (const { place } of await recordedPlaces(databaseUrl, successorId)) places.add(place)
      const missing = Array.from({ length: QUOTES }, (_, place) => place).filter((place) => !places.has(place))
      expect(OPEN_US + (missing[0] ?? Number.NaN) * MS_US).toBeGreaterThanOrEqual((gap?.fromUs ?? Number.NaN) - MS_US)
      expect(OPEN_US + (missing.at(-1) ?? Number.NaN) * MS_US).toBeLessThanOrEqual((gap?.toUs ?? Number.NaN) + MS_US)
    } finally {
      gateway.kill('SIGKILL')
      await proxy.close()
    }
  }, 180_000)
})
