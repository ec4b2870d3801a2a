import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { createReplayClock } from '../../backtester/replay/clock.ts'
import { replay } from '../../backtester/replay/replay.ts'
import { createPool } from '../../db/pool.ts'
import { openRecordSource, type RecordQuery } from '../../db/read/record-source.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { contractKey } from '../../market/contract.ts'
import type { RecordSource } from '../../market/record-source.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { comparable, comparableFrom, everyRecord } from '../support/tape/records.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US, ticks as anyTicks } from '../support/tape/ticks.ts'

const SECOND_US = 1_000_000
const DAY_US = 86_400 * SECOND_US
const FIRST = 4096
/** Begins half a second after the first, as another collector does. */
const BESIDE = 8192
const NEXT_DAY = 12_288
const QUIET = 16_384

const first = everyRecord(FIRST_TS_US)
const beside = everyRecord(FIRST_TS_US + SECOND_US / 2)
const nextDay = everyRecord(FIRST_TS_US + DAY_US)
/** One that learned nothing but that data was missing. */
const quiet: TapeRecord[] = [
  { kind: 'session', event: 'started', seq: 1, tsUs: FIRST_TS_US + 2 * DAY_US },
  {
    kind: 'gap',
    seq: 2,
    tsUs: FIRST_TS_US + 2 * DAY_US + 5,
    fromTsUs: FIRST_TS_US + DAY_US,
    toTsUs: FIRST_TS_US + 2 * DAY_US,
    cause: 'collector-crash',
  },
]

const storeOf = (url: string) => {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  return { pool, store: createTickStore({ pool }) }
}

forEachEdition('a source of records', ({ createTapeDatabase }) => {
  let url: string
  beforeAll(async () => {
    url = await createTapeDatabase()
    const { pool, store } = storeOf(url)
    for (const [sessionId, records] of [
      [NEXT_DAY, nextDay],
      [BESIDE, beside],
      [FIRST, first],
      [QUIET, quiet],
    ] as const) {
      const middle = records.length >> 1
      const batches = [records.slice(0, middle), records.slice(middle)]
      // The later half first, and again: lanes commit as they come, and a batch whose outcome is unknown is sent again.
      for (const i of [1, 0, 1]) await store.store({ sessionId, batchNo: i + 1, blocks: [block(batches[i] ?? []), block([])] }, contractOf)
    }
    await pool.end()
  })

  const open = (query: RecordQuery) => openRecordSource({ url }, { includeQuarantined: true, ...query })
  const merged = (...sessions: [number, TapeRecord[]][]) =>
    sessions
      .flatMap(([sessionId, records]) => comparable(sessionId, records).map((one, i) => ({ one, tsUs: records[i]?.tsUs ?? 0 })))
      .sort((a, b) => a.tsUs - b.tsUs)
      .map(({ one }) => one)

  describe('of a session in the database', () => {
    it('gives every record that was recorded, equal field by field, in its order', async () => {
      expect(await comparableFrom(await open({ sessionId: FIRST }))).toEqual(comparable(FIRST, first))
    })

    it('gives the same twice, also after a read that stopped early', async () => {
      const source = await open({ sessionId: FIRST })
      for await (const { records } of source.records()) {
        expect(records[0]).toMatchObject({ kind: 'session', event: 'started' })
        break
      }
      expect(await comparableFrom(source)).toEqual(await comparableFrom(source))
    })

    it('leaves quarantined ticks out unless they are asked for', async () => {
      const accepted = first.filter((record) => !isTick(record) || record.verdict?.disposition !== 'quarantine')
      expect(await comparableFrom(await open({ sessionId: FIRST, includeQuarantined: false }))).toEqual(comparable(FIRST, accepted))
    })

    it('explains the instruments of a part by the contracts as they were at its begin', async () => {
      const fromUs = FIRST_TS_US + 35 * SECOND_US
      const toUs = FIRST_TS_US + 45 * SECOND_US
      const part = first.filter(({ tsUs }) => tsUs >= fromUs && tsUs < toUs)
      const latest = CONTRACTS.map((_, i) =>
        first.findLast((record) => record.kind === 'contract' && record.instrument === i && record.tsUs < fromUs),
      ).filter((record) => record !== undefined)
      latest.sort((a, b) => a.seq - b.seq)
      expect(latest.at(-1)).toMatchObject({ contract: { priceGrid: expect.anything() } })
      expect(await comparableFrom(await open({ sessionId: FIRST, fromUs, toUs }))).toEqual(comparable(FIRST, [...latest, ...part]))
    })

    it('gives only what concerns the wanted symbols, or all lines', async () => {
      const wanted = first.filter((record) => !('instrument' in record) || record.instrument === undefined || record.instrument === 2)
      expect(await comparableFrom(await open({ sessionId: FIRST, symbols: ['FOXA'] }))).toEqual(comparable(FIRST, wanted))
    })
  })

  describe('of all sessions', () => {
    it('merges those that overlap by time, and knows each instrument by one number', async () => {
      const source = await open({ sessionId: 'all' })
      expect(source.sessions.map(({ sessionId }) => sessionId)).toEqual([FIRST, BESIDE, NEXT_DAY, QUIET])
      expect(await comparableFrom(source)).toEqual(merged([FIRST, first], [BESIDE, beside], [NEXT_DAY, nextDay], [QUIET, quiet]))
      const numbers = new Map<string, Set<number>>()
      for await (const { records } of source.records())
        for (const record of records)
          if (record.kind === 'contract') {
            const key = contractKey(record.contract)
            numbers.set(key, (numbers.get(key) ?? new Set()).add(record.instrument))
          }
      expect([...numbers.values()].map(({ size }) => size)).toEqual(CONTRACTS.map(() => 1))
    })

    it('takes those of the time and the symbols that are asked for', async () => {
      const ids = async (query: Omit<RecordQuery, 'sessionId'>) =>
        (await open({ sessionId: 'all', ...query })).sessions.map(({ sessionId }) => sessionId)
      const laterUs = FIRST_TS_US + DAY_US / 2
      expect(await ids({ toUs: laterUs })).toEqual([FIRST, BESIDE])
      expect(await ids({ fromUs: laterUs })).toEqual([NEXT_DAY, QUIET])
      expect(await ids({ fromUs: laterUs, toUs: FIRST_TS_US + 1.5 * DAY_US })).toEqual([NEXT_DAY])
      expect(await ids({ symbols: ['FOXA'] })).toEqual([FIRST, BESIDE, NEXT_DAY])
      await expect(ids({ fromUs: 0, toUs: 1 })).rejects.toThrow(/no session of that time\. Ask for another time/)
      await expect(ids({ symbols: ['IBM'] })).rejects.toThrow(/no session of that time with IBM/)
    })
  })

  it('of a tape gives the same records as the database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-source-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'a.tape')
    await writeTape(path, { source: 'import', sessionId: FIRST }, [first])
    expect(await comparableFrom(tapeSource(path))).toEqual(await comparableFrom(await open({ sessionId: FIRST })))
  })

  it('drives a replay, which hands out every record at its time and counts the ticks', async () => {
    const clock = createReplayClock()
    const source: RecordSource = await open({ sessionId: 'all' })
    const times: number[] = []
    const summary = await replay({
      source,
      clock,
      speed: 'max',
      onRecord: ({ tsUs }) => {
        expect(clock.nowUs()).toBe(tsUs)
        times.push(tsUs)
      },
    })
    const all = [...first, ...beside, ...nextDay, ...quiet]
    const ticks = all.filter(isTick)
    expect(times).toEqual(all.map(({ tsUs }) => tsUs).sort((a, b) => a - b))
    expect(summary).toMatchObject({
      ticks: ticks.length,
      trades: ticks.length / 4,
      flagged: ticks.length / 3,
      quarantined: ticks.length / 3,
      instruments: 2,
      firstTsUs: ticks[0]?.tsUs,
      lastTsUs: nextDay.findLast(isTick)?.tsUs,
    })
  })

  it('gives back whatever was recorded, all numbers and texts included', async () => {
    const { pool, store } = storeOf(url)
    onTestFinished(() => pool.end())
    let sessionId = 1 << 20
    await fc.assert(
      fc.asyncProperty(anyTicks, fc.array(control, { maxLength: 20 }), async (ticks, controls) => {
        sessionId++
        const contracts = CONTRACTS.map((contract, instrument) => ({ kind: 'contract', instrument, contract }) as const)
        let seq = 0
        const records: TapeRecord[] = [...contracts, ...interleaved(ticks, controls)].map((record) => ({
          ...record,
          seq: ++seq,
          tsUs: FIRST_TS_US + seq,
        }))
        await store.store({ sessionId, batchNo: 1, blocks: [block(records)] }, contractOf)
        expect(await comparableFrom(await open({ sessionId }))).toEqual(comparable(sessionId, records))
      }),
      { numRuns: 25 },
    )
  })
})

type Unstamped = TapeRecord extends infer T ? (T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never) : never

function interleaved(ticks: readonly TapeRecord[], controls: readonly Unstamped[]): Unstamped[] {
  const all: Unstamped[] = [...ticks]
  for (const [i, record] of controls.entries()) all.splice((i * 7) % (all.length + 1), 0, record)
  return all
}

const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.replaceAll('\0', ' '))
const timeUs = fc.nat(1000).map((seconds) => FIRST_TS_US + seconds * SECOND_US)
const instrument = fc.nat(CONTRACTS.length - 1)
const json = fc.dictionary(
  fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__' && key !== 'base64' && !key.includes('\0')),
  fc.oneof(
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    text,
    fc.constant(null),
  ),
  { maxKeys: 4 },
)
const control: fc.Arbitrary<Unstamped> = fc.oneof(
  fc.record({ kind: fc.constant('config' as const), config: json }),
  fc.record(
    {
      kind: fc.constant('gap' as const),
      fromTsUs: timeUs,
      toTsUs: timeUs,
      cause: text,
      instrument,
      droppedTicks: fc.nat(),
    },
    { requiredKeys: ['kind', 'fromTsUs', 'toTsUs', 'cause'] },
  ),
  fc.record(
    {
      kind: fc.constant('line' as const),
      instrument,
      event: fc.constantFrom('opened' as const, 'closed' as const),
      feed: fc.constantFrom('tick-by-tick-trades' as const, 'tick-by-tick-quotes' as const),
      openedSeq: fc.nat(),
      openedTsUs: timeUs,
      untilTsUs: timeUs,
      cause: text,
    },
    { requiredKeys: ['kind', 'instrument', 'event', 'openedSeq', 'openedTsUs'] },
  ),
  fc.record(
    {
      kind: fc.constant('session' as const),
      event: fc.constantFrom('started' as const, 'alive' as const, 'interrupted' as const, 'ended' as const),
      cause: text,
      fromTsUs: timeUs,
      detail: json,
    },
    { requiredKeys: ['kind', 'event'] },
  ),
)
