/**
 * Verdicts are those of the records and of nothing else: the same live, in the journal's files and out of the database, whatever the size of
 * the batches, on a day of a whole chain of which every twentieth quote is corrupted.
 */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { openRecordSource } from '../../db/read/record-source.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { listSegments } from '../../collector/journal/directory.ts'
import { isTick, type Quote, type TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { Fingerprinter, type Fingerprint, inChunksOf, judgedAnew } from '../support/judged.ts'
import { folderForTest, startCollecting } from '../support/process/collecting.ts'
import { seeded } from '../support/random.ts'
import { CORRUPTIONS, corrupted } from '../support/tape/corrupted.ts'
import { shippedDay } from '../support/tape/option-data.ts'

/** So many ticks of the day, which are of every contract several times. */
const TICKS = 3000
const LINES = 90
const EVERY = 20
/** Far above what three recordings take. */
const LONG_MS = 240_000

let room: TapeRoom
let tape: string
let lines: number
beforeAll(async () => {
  room = await tapeRoom()
  const { records, contracts } = await damagedDay()
  lines = contracts
  tape = await room.write(records)
})
afterAll(() => room.clear())

/** The stock and some of its options, with one quote in twenty corrupted. */
async function damagedDay(): Promise<{ records: TapeRecord[]; contracts: number }> {
  const random = seeded(7)
  const day = (await shippedDay.records()).filter((record) => record.kind === 'contract' || isTick(record))
  const listed = day.filter((record) => record.kind === 'contract').slice(0, LINES)
  const wanted = new Set(listed.map(({ instrument }) => instrument))
  const older = new Map<number, Quote[]>()
  const ticks: TapeRecord[] = []
  for (const record of day) {
    if (record.kind !== 'quote' || !wanted.has(record.instrument) || ticks.length === TICKS) continue
    const before = older.get(record.instrument) ?? []
    const how = CORRUPTIONS[Math.floor(random() * CORRUPTIONS.length)] ?? 'sign'
    const bad = ticks.length % EVERY === EVERY - 1 ? corrupted(record, how, random, before) : undefined
    ticks.push({ ...(bad ?? record), tsUs: record.tsUs + ticks.length })
    older.set(record.instrument, [...before, record])
  }
  const tsUs = ticks[0]?.tsUs ?? 0
  return {
    records: [...listed.map((record) => ({ ...record, tsUs })), ...ticks].map((record, i) => ({ ...record, seq: i + 1 })),
    contracts: listed.length,
  }
}

async function* chunksOf(source: AsyncIterable<{ records: TapeRecord[] }>): AsyncGenerator<TapeRecord[]> {
  for await (const { records } of source) yield records
}

forEachEdition('the verdicts on a damaged day', (edition) => {
  it(
    'are the same live, in the journal and out of the database, with batches of 1, 7 and 1000 rows',
    async () => {
      const found: Fingerprint[] = []
      for (const batchRows of [1, 7, 1000]) {
        const { port } = await room.serveFile(tape, { startAfterLines: lines, publishTime: true })
        const databaseUrl = await edition.createDatabase()
        const dataDir = await folderForTest()
        const live = new Fingerprinter()
        const all: TapeRecord[] = []
        const collecting = await startCollecting({
          port,
          databaseUrl,
          dataDir,
          gateway: { lines: 200 },
          journal: { batchRows },
          untilEndOfTape: true,
          onRecord: (record) => {
            live.take(record, isTick(record) ? record.verdict : undefined)
            all.push(structuredClone(record))
          },
        })
        const { sessionId } = await collecting.end()
        const session = live.result
        expect(session.ticks).toBeGreaterThan(TICKS / 2)
        found.push(session)

        const database = await openRecordSource({ url: databaseUrl }, { sessionId, includeQuarantined: true })
        expect(await judgedAnew(chunksOf(database.records())), `out of the database, ${batchRows} rows in a batch`).toEqual(session)
        expect(await judgedAnew(journaled(dataDir)), `in the journal, ${batchRows} rows in a batch`).toEqual(session)
        for (const size of [1, 7, 1000]) expect(await judgedAnew(inChunksOf(size, all))).toEqual(session)
      }
      const [first] = found
      expect(found.map(({ ofOrder }) => ofOrder)).toEqual(found.map(() => first?.ofOrder))
      expect(first?.quarantined).toBeGreaterThan(TICKS / EVERY / 4)
      expect(Object.keys(first?.spoke ?? {}).length).toBeGreaterThan(3)
    },
    LONG_MS,
  )
})

/** What the files of a journal say, which are kept for some days. */
async function* journaled(dataDir: string): AsyncGenerator<TapeRecord[]> {
  const folder = join(dataDir, 'journal', 'released')
  for (const { path } of await listSegments(folder)) yield* readRecords(path)
}
