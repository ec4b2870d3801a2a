import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { type ScanSessionsOptions, scanSessions, scanTape } from '../../backtester/arbitrage/scan.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { storedOpportunities } from '../../db/read/queries/opportunities.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { storeParity } from '../../db/write/implied-carry.ts'
import { storeOpportunities } from '../../db/write/opportunities.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Detector } from '../../market/arbitrage/detector.ts'
import { conversion } from '../../market/arbitrage/detectors/conversion.ts'
import type { ParitySample } from '../../market/arbitrage/parity.ts'
import { plainEpisode } from '../../market/arbitrage/plain.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { sessionWithOpportunities } from '../support/arbitrage/session.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { FIRST_TS_US, block } from '../support/tape/ticks.ts'
import { quarantined } from '../support/tape/verdicts.ts'

/** Symbols of the samples, and their pairs. */
const PARITY = [['TWX', 3]]
const NEVER = new AbortController().signal
const SESSION = 7_239_411_712_147_456
const settings = arbitrageSettings({ preset: 'balanced' })
/** Of the settings: not what the tape says. */
const carry = { rate: 0.5, underlyings: [] }
const whole = { settings, part: {}, signal: NEVER }

const records = sessionWithOpportunities()
const timeOf = (seq: number) => records.find((record) => record.seq === seq)?.tsUs
/** When the calls became too dear, in the order of the session: TWX 70, TWX 65, IBM 70. */
const [first, second, third] = records
  .filter((record) => record.kind === 'quote')
  .slice(14)
  .filter((_, i) => i % 3 === 0)
  .map(({ seq }) => seq) as [number, number, number]

function sampleAt(tsUs: number): ParitySample {
  const chain = { symbol: 'TWX', currency: 'USD', tradingClass: 'TWX', multiplier: 100, expiry: '2014-07-19', days: 44, pairs: 3 }
  const found = { forwardBid: 70, forwardAsk: 70.1, forward: 70.05, spot: 70, carryRate: 0.0059, impliedRate: undefined }
  return { tsUs, ...chain, ...found, rate: 0.01, income: 0.0344, incomeRate: 0.0041 }
}

forEachEdition('a scan for arbitrage', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  let lastSession = SESSION
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
  })
  afterAll(() => client.end())

  /** Stores the records as a session. Returns its number. */
  const recorded = async (content: readonly TapeRecord[], batchRecords = 1000): Promise<number> => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    const store = createTickStore({ pool })
    const contracts = new Map<number, Contract>()
    for (const record of content) if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
    const sessionId = lastSession++
    for (let at = 0; at < content.length; at += batchRecords) {
      const batch = { sessionId, batchNo: at / batchRecords + 1, blocks: [block(content.slice(at, at + batchRecords))] }
      await store.store(batch, (instrument) => contracts.get(instrument))
    }
    return sessionId
  }
  const scan = (sessionId: number, options: Partial<ScanSessionsOptions> = {}) => scanSessions({ ...whole, url, sessionId, ...options })
  const found = async (sessionId: number, options: Partial<ScanSessionsOptions> = {}) =>
    (await scan(sessionId, options)).episodes.map(({ id }) => id.replace(`${sessionId}-`, ''))
  const parity = async (sessionId: number) =>
    (
      await client.query<{ symbol: string; pairs: number }>('SELECT * FROM implied_carry WHERE session_id = $1 ORDER BY ts, symbol', [
        sessionId,
      ])
    ).rows
  const stored = async (sessionId: number) => (await storedOpportunities(client, { sessionId })).map(plainEpisode)

  it('finds the same in the database as on a tape, whatever the batches were', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-scan-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeTape(join(folder, 'day.tape'), { source: 'collector', sessionId: lastSession }, [records])
    const onTape = await scanTape(join(folder, 'day.tape'), { ...whole, carry })
    const conversions = onTape.episodes.filter(({ best }) => best.detector === 'conversion')
    expect(conversions.map(({ openedSeq, quotes, ending }) => [openedSeq, quotes, ending])).toEqual([
      [first, 3, 'edge-gone'],
      [second, 3, 'edge-gone'],
      [third, 2, 'session-ended'],
    ])
    expect(onTape).toMatchObject({ ticks: 22, sessionIds: [lastSession], funnel: { quotes: 22 } })

    const sessionId = await recorded(records, 7)
    const inDatabase = await scan(sessionId)
    expect(inDatabase.episodes.map(plainEpisode)).toEqual(onTape.episodes.map(plainEpisode))
    expect(inDatabase).toMatchObject({ ticks: 22, sessionIds: [sessionId], firstTsUs: onTape.firstTsUs, lastTsUs: onTape.lastTsUs })
  })

  it('sees the quotes that were kept out, as the detectors did live', async () => {
    const kept = records.map((record) =>
      record.kind === 'quote' && record.seq === first + 1 ? { ...record, verdict: quarantined('price-jump', 'jumped') } : record,
    )
    const sessionId = await recorded(kept)
    const { episodes } = await scan(sessionId)
    expect(episodes.filter(({ openedSeq }) => openedSeq === first).map(({ ending, quotes }) => [ending, quotes])).toContainEqual([
      'refused',
      2,
    ])
  })

  it('takes rates and dividends of the settings for an imported tape, which has none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-scan-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'import.tape')
    await writeTape(path, { source: 'import' }, [records.filter(({ kind }) => kind !== 'carry' && kind !== 'session')])
    const underlyings = ['TWX', 'IBM'].map((symbol) => ({ symbol, currency: 'USD', dividends: [], borrow: 0 }))
    const conversions = async (rate: number) => {
      const { episodes, funnel } = await scanTape(path, { ...whole, carry: { rate, underlyings } })
      return [
        episodes.filter(({ best }) => best.detector === 'conversion').map(({ id, best }) => [id, best.carry.rateSource]),
        funnel,
      ] as const
    }
    const [found] = await conversions(0.01)
    expect(found).toEqual([first, second, third].map((seq) => [`0-${seq}-1`, 'settings']))
    const [dear, funnel] = await conversions(0.5)
    expect(dear).toEqual([])
    expect(funnel.refused('carry', 'conversion')).toBeGreaterThan(0)
  })

  it('lists what opened in a part of the time, and follows it to its end', async () => {
    const sessionId = await recorded(records)
    const all = await found(sessionId)
    const from = (seq: number) => all.filter((id) => Number(id.split('-')[0]) >= seq)
    expect(await found(sessionId, { part: { fromUs: timeOf(second) } })).toEqual(from(second))
    const { episodes, ticks } = await scan(sessionId, { part: { toUs: (timeOf(first) ?? 0) + 1 } })
    expect(episodes.map(({ id }) => id.replace(`${sessionId}-`, ''))).toEqual(all.slice(0, all.length - from(first + 1).length))
    expect(episodes.filter(({ best }) => best.detector === 'conversion')).toMatchObject([{ quotes: 3, ending: 'edge-gone' }])
    expect(ticks).toBe(15)
    expect(await found(sessionId, { part: { fromUs: timeOf(third + 2) } })).toEqual([])
  })

  it('counts quotes and refusals of the part alone', async () => {
    const sessionId = await recorded(records)
    const [before, after] = [
      await scan(sessionId, { part: { toUs: timeOf(second) } }),
      await scan(sessionId, { part: { fromUs: timeOf(second) } }),
    ]
    const { funnel } = await scan(sessionId)
    expect(before.funnel.quotes + after.funnel.quotes).toBe(funnel.quotes)
    expect(before.funnel.candidates + after.funnel.candidates).toBe(funnel.candidates)
    expect(after.funnel.quotes).toBe(5)
  })

  it('looks at the symbols that are asked for alone, in the database and on a tape', async () => {
    const part = { symbols: ['IBM', 'KO'] }
    const sessionId = await recorded(records)
    await expect(scan(sessionId, { part })).rejects.toThrow(/no ticks of KO/)
    const inDatabase = await scan(sessionId, { part: { symbols: ['IBM'] } })
    expect(inDatabase).toMatchObject({ funnel: { quotes: 9 } })
    const ids = inDatabase.episodes.map(({ id }) => id)
    expect(ids).toEqual((await scan(sessionId)).episodes.filter(({ best }) => best.underlying.symbol === 'IBM').map(({ id }) => id))
    expect(ids.length).toBeGreaterThan(0)

    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-scan-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeTape(join(folder, 'day.tape'), { source: 'collector', sessionId }, [records])
    const onTape = await scanTape(join(folder, 'day.tape'), { ...whole, carry, part })
    expect(onTape.episodes.map(({ id }) => id)).toEqual(ids)
    expect(onTape.funnel.quotes).toBe(9)
  })

  it('stores what it found, the same rows each time, and only those of its part', async () => {
    const sessionId = await recorded(records)
    const write = true
    const { episodes, stored: done } = await scan(sessionId, { write })
    expect(done).toEqual([{ sessionId, stored: episodes.length, replaced: 0 }])
    const rows = await stored(sessionId)
    expect(rows).toEqual(episodes.map(plainEpisode))
    const samples = await parity(sessionId)
    expect(samples.map(({ symbol, pairs }) => [symbol, pairs])).toEqual(PARITY)
    expect((await scan(sessionId, { write })).stored).toEqual([{ sessionId, stored: episodes.length, replaced: episodes.length }])
    expect(await stored(sessionId)).toEqual(rows)
    expect(await parity(sessionId)).toEqual(samples)

    await client.query('DELETE FROM opportunities WHERE session_id = $1 AND opened_seq = $2', [sessionId, second])
    const part = { fromUs: timeOf(second), toUs: timeOf(third), symbols: ['TWX'] }
    const [{ stored: again, replaced } = { stored: 0, replaced: -1 }] = (await scan(sessionId, { part, write })).stored
    expect([again > 0, replaced]).toEqual([true, 0])
    expect(await stored(sessionId)).toEqual(rows)
    expect(await parity(sessionId)).toEqual(samples)
  })

  it('stores what is open at the end of a session only when no more of it can come', async () => {
    const sessionId = await recorded(sessionWithOpportunities({ ends: false }))
    const { episodes, stored: done } = await scan(sessionId, { write: true })
    const open = episodes.filter(({ ending }) => ending === undefined)
    expect(open.map(({ openedSeq }) => openedSeq)).toContain(third)
    expect(done).toMatchObject([{ stored: episodes.length - open.length }])
    expect(await stored(sessionId)).toHaveLength(episodes.length - open.length)

    // The collector has begun another session.
    await recorded(sessionWithOpportunities({ firstTsUs: FIRST_TS_US + 3_600_000_000 }))
    const over = await scan(sessionId, { write: true })
    expect(over.episodes.at(-1)).toMatchObject({ openedSeq: third, ending: 'session-ended' })
    expect(await stored(sessionId)).toHaveLength(episodes.length)
  })

  it('leaves what a running collector has found since, and what ends behind its last record', async () => {
    const sessionId = await recorded(sessionWithOpportunities({ ends: false }))
    const { episodes } = await scan(sessionId, { write: true })
    const open = episodes.filter(({ best, ending }) => best.detector === 'conversion' && ending === undefined)
    const later = (records.at(-1)?.tsUs ?? 0) + 60_000_000
    const live = [
      ...open.map((episode) => ({ ...episode, closedUs: later, ending: 'edge-gone' as const })),
      ...open.map((episode) => ({ ...episode, id: `${episode.id}0`, openedUs: later, closedUs: later, ending: 'edge-gone' as const })),
    ]
    expect(live).toHaveLength(2)
    await storeOpportunities(
      client,
      live.map((episode) => ({ episode, settings })),
    )
    const samples = await parity(sessionId)
    await storeParity(client, [{ sessionId, sample: sampleAt(later) }])
    const rows = await stored(sessionId)
    expect(rows).toHaveLength(episodes.filter(({ ending }) => ending !== undefined).length + 2)
    await scan(sessionId, { write: true })
    expect(await stored(sessionId)).toEqual(rows)
    expect(await parity(sessionId)).toHaveLength(samples.length + 1)
    // A gap that the scan knows nothing of has ended it before the last record of the scan.
    await client.query("UPDATE opportunities SET closed_ts = opened_ts, ending = 'gap' WHERE opportunity_id = $1", [open[0]?.id])
    await scan(sessionId, { write: true })
    expect(await stored(sessionId)).toContainEqual(expect.objectContaining({ id: open[0]?.id, ending: 'gap' }))
    // What opened in a part of the time is over at the last record: all of that part is replaced.
    const before = episodes.filter(({ openedUs }) => openedUs < (timeOf(second) ?? 0))
    await storeOpportunities(
      client,
      before.slice(0, 1).map((episode) => ({ episode: { ...episode, id: `${episode.id}9`, closedUs: later }, settings })),
    )
    const [done] = (await scan(sessionId, { part: { toUs: timeOf(second) }, write: true })).stored
    expect(done).toEqual({ sessionId, stored: before.length, replaced: before.length + 1 })
    // No more of it can come: what is not found any more goes.
    await recorded(sessionWithOpportunities({ firstTsUs: FIRST_TS_US + 3_600_000_000 }))
    await scan(sessionId, { write: true })
    expect(await stored(sessionId)).toMatchObject(episodes.map(({ id }) => ({ id })))
  })

  it('goes on without a detector that throws, and names it', async () => {
    const broken: Detector = { name: 'broken', about: 'Throws.', onOption: () => expect.fail('no such thing') }
    const { episodes, failedDetectors } = await scan(await recorded(records), { detectors: [broken, conversion] })
    expect(episodes).toHaveLength(3)
    expect(failedDetectors).toEqual({ broken: expect.stringContaining('no such thing') })
  })

  it('stores nothing when it is stopped', async () => {
    const sessionId = await recorded(records)
    const stop = new AbortController()
    const { stored: done } = await scan(sessionId, { write: true, signal: stop.signal, onProgress: () => stop.abort() })
    expect(done).toEqual([])
    expect(await stored(sessionId)).toEqual([])
  })
})
