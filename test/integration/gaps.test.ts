/** What the database says of gaps: those of all lines as they were recorded, those of single lines from what was recorded of lines. */

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { gapReport } from '../../collector/gaps/report.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { expectDone, newPlace, parsed } from '../support/process/command.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { at, LineSession as Session } from '../support/tape/line-session.ts'
import { block, CONTRACTS } from '../support/tape/ticks.ts'

const [STOCK, OPTION, OTHER] = [0, 1, 2] as const
const OPEN = '13:30:00'
const CLOSE = '20:00:00'
const minutes = (us: number) => us / 60_000_000

forEachEdition('the gaps of', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
  })
  afterAll(() => client.end())

  let sessionId = 0
  const store = async ({ records }: Session, contracts = CONTRACTS) => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: ++sessionId, batchNo: 1, blocks: [block(records)] }, (i) => contracts[i])
    await pool.end()
  }
  const gaps = async () => {
    const { rows } = await client.query<Record<string, string | null>>(
      `SELECT kind, feed, cause, to_char(from_ts AT TIME ZONE 'UTC', 'HH24:MI:SS') AS "from", to_char(to_ts AT TIME ZONE 'UTC', 'HH24:MI:SS') AS "to"
       FROM feed_gaps LEFT JOIN instruments USING (instrument_id) WHERE session_id = $1 ORDER BY from_ts, kind`,
      [sessionId],
    )
    return rows.map(({ kind, feed, cause, from, to }) => [kind ?? 'all', ...(feed === null ? [] : [feed]), cause, from, to])
  }

  describe('single lines', () => {
    it('are those in which a line that was wanted was not held', async () => {
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).opened(OPTION, OPEN)
      session.closed(OPTION, '14:00:00', 'silent').opened(OPTION, '14:00:20')
      session.missing(OTHER, '13:31:00', 'no-answer').missing(OTHER, '13:32:00', 'refused: 354')
      session.closed(STOCK, CLOSE, 'stopped').closed(OPTION, CLOSE, 'stopped').ended(CLOSE, 'stopped')
      await store(session)
      expect(await gaps()).toEqual([
        ['option', 'no-answer', '13:31:00', '13:32:00'],
        ['option', 'refused: 354', '13:32:00', CLOSE],
        ['option', 'silent', '14:00:00', '14:00:20'],
      ])
    })

    it('end with the want, and are none of a line that is not wanted any more', async () => {
      const session = new Session(at(OPEN)).opened(OPTION, OPEN)
      session.closed(OPTION, '14:00:00', 'config')
      session.missing(OTHER, '14:00:00', 'refused: 200').missing(OTHER, '15:00:00', 'config')
      await store(session.ended(CLOSE, 'stopped'))
      expect(await gaps()).toEqual([['option', 'refused: 200', '14:00:00', '15:00:00']])
    })

    it('are also those of a line that is not open yet, and of a chain that is not found', async () => {
      const session = new Session(at(OPEN)).missing(STOCK, OPEN, 'not-open-yet').opened(STOCK, '13:30:05')
      session.missing(STOCK, '13:30:01', 'not-found-yet', 'option-chain').missing(STOCK, '14:00:00', 'config', 'option-chain')
      session.missing(OPTION, OPEN, 'not-open-yet').opened(OPTION, '14:00:01')
      await store(session.ended(CLOSE, 'stopped'))
      expect(await gaps()).toEqual([
        ['option', 'not-open-yet', OPEN, '14:00:01'],
        ['stock', 'not-open-yet', OPEN, '13:30:05'],
        ['stock', 'option-chain', 'not-found-yet', '13:30:01', '14:00:00'],
      ])
    })

    it('that began in an earlier session have the part in its time beside the rest', async () => {
      // The clock was set back by an hour at 15:00:00, unnoticed by a line that was dead since 14:59:00.
      const session = new Session(at('14:00:00')).opened(STOCK, '14:00:00')
      session.missing(STOCK, '14:59:00', 'silent').missing(STOCK, '15:00:00', 'config')
      session.closed(STOCK, '14:00:00', 'silent').opened(STOCK, '14:00:20')
      await store(session.ended(CLOSE, 'stopped'))
      expect(await gaps()).toEqual([
        ['stock', 'silent', '14:00:00', '14:00:20'],
        ['stock', 'silent', '14:59:00', '15:00:00'],
      ])
    })

    it('are listed where no gap of all lines covers them', async () => {
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).opened(OPTION, OPEN)
      for (const line of [STOCK, OPTION]) session.closed(line, '14:00:00', 'link-lost')
      session.opened(STOCK, '14:00:10').gap('14:00:00', '14:00:12', 'the link broke').opened(OPTION, '14:00:50')
      for (const line of [STOCK, OPTION]) session.closed(line, CLOSE, 'stopped')
      await store(session.ended(CLOSE, 'stopped'))
      expect(await gaps()).toEqual([
        ['all', 'the link broke', '14:00:00', '14:00:12'],
        ['option', 'link-lost', '14:00:12', '14:00:50'],
      ])
    })

    it('are hidden behind the gap of their own farm only', async () => {
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).opened(OPTION, OPEN)
      for (const line of [STOCK, OPTION]) session.closed(line, '14:00:00', 'silent').opened(line, '14:00:10')
      session.gap('14:00:00', '14:00:10', 'farm-broken: usopt')
      for (const line of [STOCK, OPTION]) session.closed(line, CLOSE, 'stopped')
      await store(session.ended(CLOSE, 'stopped'))
      expect(await gaps()).toEqual([
        ['stock', 'silent', '14:00:00', '14:00:10'],
        ['all', 'farm-broken: usopt', '14:00:00', '14:00:10'],
      ])
    })

    it('are hidden behind the gap of a farm with a part of its own name, and not behind an empty one', async () => {
      const session = new Session(at(OPEN)).opened(STOCK, OPEN)
      session.closed(STOCK, '14:00:00', 'silent').opened(STOCK, '14:00:10').gap('14:00:00', '14:00:10', 'farm-broken: usfarm.nj')
      session.closed(STOCK, '15:00:00', 'silent').opened(STOCK, '15:00:10').gap('15:00:10', '15:00:00', 'backwards')
      await store(session.closed(STOCK, CLOSE, 'stopped').ended(CLOSE, 'stopped'))
      expect((await gaps()).filter(([, cause]) => cause === 'silent')).toEqual([['stock', 'silent', '15:00:00', '15:00:10']])
    })

    it('that are of tick-by-tick data say so', async () => {
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).opened(STOCK, OPEN, 'tick-by-tick-trades')
      session.closed(STOCK, '14:00:00', 'silent', 'tick-by-tick-trades').opened(STOCK, '14:00:30', 'tick-by-tick-trades')
      session.closed(STOCK, CLOSE, 'crash').closed(STOCK, CLOSE, 'crash', 'tick-by-tick-trades')
      await store(session.ended(CLOSE, 'crash'))
      expect(await gaps()).toEqual([['stock', 'tick-by-tick-trades', 'silent', '14:00:00', '14:00:30']])
    })
  })

  describe('a day', () => {
    const DAY = { fromUs: at('00:00:00'), toUs: at('23:59:59') }

    it('are reported by cause, with what is covered of what was wanted', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const session = new Session(at('13:00:00')).opened(STOCK, '13:00:00').opened(OPTION, '13:00:00')
      session.missing(OTHER, '13:00:00', 'refused: 354')
      session.gap('14:00:00', '14:39:00', 'ib-1100').gap('15:00:00', '15:39:00', 'farm-broken: usopt')
      session.missing(STOCK, '13:00:00', 'not-found-yet', 'option-chain').missing(STOCK, '13:30:00', 'config', 'option-chain')
      for (const line of [STOCK, OPTION]) session.closed(line, '20:30:00', 'stopped')
      await store(session.ended('20:30:00', 'stopped'))

      const report = await gapReport(client, DAY)
      expect(report.gaps.map(({ cause, contracts, symbol }) => [cause, contracts, symbol])).toEqual([
        ['refused: 354', 1, 'FOXA'],
        ['not-found-yet', 1, 'TWX'],
        ['ib-1100', 3, undefined],
        ['refused: 354', 1, 'FOXA'],
        ['farm-broken: usopt', 2, undefined],
        ['refused: 354', 1, 'FOXA'],
      ])
      expect(
        report.days.map(({ date, symbol, contracts, expectedUs, coveredUs }) => [
          date,
          symbol,
          contracts,
          minutes(expectedUs),
          minutes(coveredUs),
        ]),
      ).toEqual([
        ['2014-06-05', 'FOXA', 1, 390, 0],
        // The stock without 39 minutes, the option without 78.
        ['2014-06-05', 'TWX', 2, 780, 663],
      ])
      expect(report.causes.map(({ cause, gaps, missingUs }) => [cause, gaps, minutes(missingUs)])).toEqual([
        ['refused: 354', 3, 312],
        ['ib-1100', 1, 117],
        ['farm-broken: usopt', 1, 78],
        // Before the opening.
        ['not-found-yet', 1, 0],
      ])
      expect((await gapReport(client, { ...DAY, symbols: ['TWX'] })).days.map(({ symbol }) => symbol)).toEqual(['TWX'])
    })

    it('on which no gateway ever answered are of the contracts that were wanted before', async () => {
      const alone: TapeRecord[] = [
        { kind: 'session', event: 'started', seq: 1, tsUs: usFromIso('2014-06-06T13:00:00Z') },
        {
          kind: 'gap',
          seq: 2,
          tsUs: usFromIso('2014-06-06T21:00:00Z'),
          fromTsUs: usFromIso('2014-06-06T13:00:00Z'),
          toTsUs: usFromIso('2014-06-06T21:00:00Z'),
          cause: 'No connection',
        },
        { kind: 'session', event: 'ended', cause: 'stopped', seq: 3, tsUs: usFromIso('2014-06-06T21:00:00Z') },
      ]
      await store({ records: alone } as Session)
      const days = (await gapReport(client, {})).days.filter(({ date }) => date === '2014-06-06')
      expect(days.map(({ symbol, contracts, coveredUs, causes }) => [symbol, contracts, coveredUs, causes[0]?.cause])).toEqual([
        ['FOXA', 1, 0, 'No connection'],
        ['TWX', 2, 0, 'No connection'],
      ])
      const [unknown] = (await gapReport(client, { fromUs: usFromIso('2014-06-06T00:00:00Z') })).days
      expect(unknown).toMatchObject({ symbol: '(unknown)', coveredUs: 0 })
    })

    it('are printed by `tapedeck gaps` in 80 columns, and as JSON', async () => {
      const place = await newPlace()
      try {
        const run = (...args: string[]) => place.tapedeck(['gaps', ...args], { DATABASE_URL: url }).ended
        const text = expectDone(await run('--from', '2014-06-05', '--to', '2014-06-07'))
        expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
        expect(text).toMatch(/^2014-06-05T13:00:00Z +30 min +TWX chain +not-found-yet$/m)
        expect(text).toMatch(/^2014-06-05T14:00:00Z +39 min +3 lines +ib-1100$/m)
        expect(text).toMatch(/^refused: 354 +3 +6 h 12 +5 h 12$/m)
        expect(text).toMatch(/^coverage +FOXA +TWX$/m)
        expect(text).toMatch(/^2014-06-05 +0\.00% +85\.00%$/m)
        const [json] = parsed(expectDone(await run('--from', '2014-06-05', '--to', '2014-06-06', '--json')))
        expect(json).toMatchObject({
          days: [{ coverage: 0 }, { coverage: 0.85 }],
          causes: [{ gaps: 3 }, { gaps: 1 }, { gaps: 1 }, { gaps: 1 }],
        })
      } finally {
        await place.remove()
      }
    })

    it('on which the farm of tick-by-tick data was away lists that, and is covered', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).gap('14:00:00', '14:39:00', 'farm-broken: ushmds')
      await store(session.closed(STOCK, CLOSE, 'stopped').ended(CLOSE, 'stopped'))

      const { gaps, causes, days } = await gapReport(client, { ...DAY, symbols: ['TWX'] })
      expect(gaps).toMatchObject([{ cause: 'farm-broken: ushmds', contracts: 1, symbol: 'TWX', feed: 'tick-by-tick' }])
      expect(causes.map(({ cause, gaps, missingUs }) => [cause, gaps, missingUs])).toEqual([['farm-broken: ushmds', 1, 0]])
      expect(days.map(({ expectedUs, coveredUs }) => [minutes(expectedUs), minutes(coveredUs)])).toEqual([[390, 390]])
    })

    it('expect data in the hours that are listed for each contract, on other days too', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const liquid = '20140605:0930-20140605:1615;20140606:0930-20140606:1300'
      const hours = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid }
      const contracts = CONTRACTS.map((contract, i) => (i === OTHER ? { ...contract, hours } : contract))
      const session = new Session(at('13:00:00'), contracts).opened(STOCK, '13:00:00').opened(OTHER, '13:00:00')
      session.gap('20:05:00', '20:10:00', 'ib-1100').gap('2014-06-06T16:59:00', '2014-06-06T17:01:00', 'ib-1100')
      for (const line of [STOCK, OTHER]) session.closed(line, '2014-06-09T21:00:00', 'stopped')
      await store(session.ended('2014-06-09T21:00:00', 'stopped'), contracts)

      const { days, gaps } = await gapReport(client, { fromUs: at('2014-06-05T00:00:00'), toUs: at('2014-06-10T00:00:00') })
      expect(days.map(({ date, symbol, expectedUs, coveredUs }) => [date, symbol, minutes(expectedUs), minutes(coveredUs)])).toEqual([
        ['2014-06-05', 'FOXA', 405, 400],
        ['2014-06-05', 'TWX', 390, 390],
        ['2014-06-06', 'FOXA', 210, 209],
        ['2014-06-06', 'TWX', 390, 388],
        ['2014-06-09', 'FOXA', 405, 405],
        ['2014-06-09', 'TWX', 390, 390],
      ])
      expect(gaps.map(({ contracts, missingUs }) => [contracts, minutes(missingUs)])).toEqual([
        [2, 5],
        [2, 3],
      ])
    })

    it('on which a chain is not found count it as one contract that is not covered', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).missing(STOCK, OPEN, 'refused: 200', 'option-chain')
      await store(session.closed(STOCK, CLOSE, 'stopped').ended(CLOSE, 'stopped'))
      const { gaps, days, causes } = await gapReport(client, DAY)
      expect(gaps.map(({ symbol, feed, missingUs }) => [symbol, feed, minutes(missingUs)])).toEqual([['TWX', 'option-chain', 390]])
      expect(days.map(({ contracts, expectedUs, coveredUs }) => [contracts, minutes(expectedUs), minutes(coveredUs)])).toEqual([
        [2, 780, 390],
      ])
      expect(causes.map(({ cause, missingUs }) => [cause, minutes(missingUs)])).toEqual([['refused: 200', 390]])
    })

    it('in front of the first line are of the first lines, and not of what came on later days, whatever the end of the range', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const session = new Session(at('14:34:00')).gap('13:30:00', '14:35:00', 'collector-crash')
      session.opened(STOCK, '14:35:00').opened(OPTION, '14:36:00').opened(OTHER, '2014-06-06T13:30:00')
      for (const line of [STOCK, OPTION, OTHER]) session.closed(line, '2014-06-06T20:00:00', 'stopped')
      await store(session.ended('2014-06-06T20:00:00', 'stopped'))
      for (const to of ['14:34:30', '14:35:30', '23:00:00', '2014-06-07T00:00:00']) {
        const { gaps, days } = await gapReport(client, { ...DAY, toUs: at(to) })
        expect(gaps.map(({ cause, contracts, symbol }) => [cause, contracts, symbol])).toEqual([['collector-crash', 2, 'TWX']])
        expect(days[0]).toMatchObject({ date: '2014-06-05', symbol: 'TWX', contracts: 2 })
      }
    })

    it('of a session of months count what was wanted then: not what came later, nor what has expired', async () => {
      await client.query('DELETE FROM sessions; DELETE FROM line_holds; DELETE FROM control_records; DELETE FROM gaps')
      const session = new Session(at(OPEN)).opened(STOCK, OPEN).opened(OPTION, OPEN)
      session.gap('14:00:00', '14:10:00', 'ib-1100').closed(OPTION, '15:00:00', 'config').gap('16:00:00', '16:10:00', 'ib-1100')
      session.opened(OTHER, '17:00:00').gap('18:00:00', '18:10:00', 'ib-1100')
      await store(session.closed(STOCK, CLOSE, 'stopped').closed(OTHER, CLOSE, 'stopped').ended(CLOSE, 'stopped'))
      const { gaps, days } = await gapReport(client, DAY)
      expect(gaps.map(({ contracts, symbol }) => [contracts, symbol])).toEqual([
        [2, 'TWX'],
        [1, 'TWX'],
        [2, undefined],
      ])
      expect(days.map(({ symbol, expectedUs, coveredUs }) => [symbol, minutes(expectedUs), minutes(coveredUs)])).toEqual([
        ['FOXA', 180, 170],
        ['TWX', 480, 440],
      ])
      // Asked for by itself, a symbol has what it has among others.
      const later = await gapReport(client, { ...DAY, symbols: ['FOXA'] })
      expect(later.gaps.map(({ contracts, symbol }) => [contracts, symbol])).toEqual([[1, 'FOXA']])
      expect(later.days).toEqual(days.filter(({ symbol }) => symbol === 'FOXA'))
    })
  })
})
