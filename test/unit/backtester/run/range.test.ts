/** A run on a part of its data: what lies behind it does not exist for it, and what lies before it only warms it up. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { summarise } from '../../../../backtester/metrics/summary.ts'
import type { InputRequest } from '../../../../backtester/run/input.ts'
import { warmUpOf } from '../../../../backtester/run/range.ts'
import type { RunRange } from '../../../../backtester/run/result.ts'
import { type RunRequest, runStrategy } from '../../../../backtester/run/run.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { randomDayBars, writeBarsDataset } from '../../../support/backtest/bars-dataset.ts'
import { runRequest, runSettings } from '../../../support/backtest/run-requests.ts'
import { seeded } from '../../../support/random.ts'

const DAYS = 120
const bars = randomDayBars({ days: DAYS })
const startOf = (day: number) => bars[day]?.startUs ?? expect.unreachable()
const endOf = (day: number) => bars[day]?.endUs ?? expect.unreachable()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-range-'))
  await writeBarsDataset(folder, 'whole', bars)
  // The same up to day 60, and something else from then on.
  const other = randomDayBars({ days: DAYS, seed: 2 })
  await writeBarsDataset(folder, 'other', [...bars.slice(0, 60), ...other.slice(60)])
})
afterAll(() => rm(folder, { recursive: true }))

const dataset = (name: string): InputRequest => ({ kind: 'dataset', dataDir: folder, name })

const request = (range: RunRange | undefined, given: Partial<RunRequest> = {}): RunRequest =>
  runRequest(folder, 'whole', { settings: runSettings({ range }), ...given })

describe('a run up to a moment', () => {
  it('is what the run on all of the data was up to there', async () => {
    const toUs = startOf(60)
    const [whole, cut] = [await runStrategy(request(undefined)), await runStrategy(request({ toUs }))]
    expect(cut).toMatchObject({ status: 'complete', counts: { bars: 60 } })
    expect(cut.fills.length).toBeGreaterThan(4)
    expect(whole.fills.length).toBeGreaterThan(cut.fills.length)
    expect([...cut.fills]).toEqual(whole.fills.filter(({ tsUs }) => tsUs < toUs))
    expect([...cut.equity]).toEqual([...whole.equity].filter(({ tsUs }) => tsUs < toUs))
  })

  it('does not depend on anything behind it', async () => {
    const range = { fromUs: startOf(20), toUs: startOf(60), warmUpUs: startOf(20) - startOf(5) }
    const [one, other] = [await runStrategy(request(range)), await runStrategy(request(range, { input: dataset('other') }))]
    expect(one.fills.length).toBeGreaterThan(3)
    expect(other.hash).toBe(one.hash)
    const all = await runStrategy(request(undefined, { input: dataset('other') }))
    expect(all.hash).not.toBe((await runStrategy(request(undefined))).hash)
  })

  it('leaves out a bar that ends behind it', async () => {
    const { counts } = await runStrategy(request({ toUs: endOf(30) - 1 }))
    expect(counts.bars).toBe(30)
    expect((await runStrategy(request({ toUs: endOf(30) }))).counts.bars).toBe(31)
  })
})

describe('a run from a moment on', () => {
  it('is what a run on data that begins there is', async () => {
    await writeBarsDataset(folder, 'late', bars.slice(40))
    const [late, from] = [
      await runStrategy(request(undefined, { input: dataset('late') })),
      await runStrategy(request({ fromUs: startOf(40) })),
    ]
    expect(from.fills.length).toBeGreaterThan(5)
    expect(from.hash).toBe(late.hash)
  })

  it('trades at once with indicators that are warm, and counts nothing of the warm-up', async () => {
    const fromUs = startOf(40)
    const [cold, warm] = [await runStrategy(request({ fromUs })), await runStrategy(request({ fromUs, warmUpUs: fromUs - startOf(20) }))]
    expect(warm.counts.bars).toBe(cold.counts.bars + 20)
    expect(warm.equity.at(0)).toEqual({ tsUs: endOf(40), cash: 100_000, equity: 100_000, exposure: 0 })
    expect(warm.equity).toHaveLength(cold.equity.length)
    const early = warm.orders.filter(({ givenUs }) => givenUs < fromUs)
    expect(early.length).toBeGreaterThan(0)
    expect(new Set(early.map(({ status, reason }) => `${status}: ${reason}`))).toEqual(new Set(['rejected: warm-up']))
    expect(warm.fills.at(0)?.tsUs).toBeLessThan(cold.fills.at(0)?.tsUs ?? 0)
    const { figures, days } = summarise(warm, { intervals: false })
    expect(days[0]?.date).toBe(nyse.zone.dateOf(fromUs))
    expect(figures).toMatchObject({ tradingDays: DAYS - 40, orders: warm.orders.length - early.length })
  })

  it('earns no interest on the nights of the warm-up', async () => {
    const fromUs = startOf(40)
    const idle = { strategy: 'buy-and-hold', params: { quantity: 1 } }
    const of = (range: RunRange) => runStrategy(request(range, idle))
    const [cold, warm] = [await of({ fromUs }), await of({ fromUs, warmUpUs: fromUs - startOf(20) })]
    expect(warm.income.interest).toBeGreaterThan(0)
    expect(warm.income).toEqual(cold.income)
    expect(warm.equity).toEqual(cold.equity)
  })

  it('buys and holds from its begin, not from that of the warm-up', async () => {
    const fromUs = startOf(40)
    const hold = { strategy: 'buy-and-hold', params: { quantity: 10 } }
    const { orders, fills } = await runStrategy(request({ fromUs, warmUpUs: fromUs - startOf(20) }, hold))
    expect(orders).toMatchObject([{ status: 'filled', givenUs: endOf(40) }])
    expect([...fills]).toMatchObject([{ quantity: 10, tsUs: endOf(41) }])
  })
})

describe('an embargo', () => {
  it('is traded as ever, and counts in no figure of days and round trips', async () => {
    const range = { fromUs: startOf(20), toUs: startOf(100) }
    const span = { fromUs: startOf(50), toUs: startOf(60) }
    const [all, less] = [await runStrategy(request(range)), await runStrategy(request({ ...range, uncounted: [span] }))]
    expect(less.hash).toBe(all.hash)
    const [whole, counted] = [summarise(all, { intervals: false }), summarise(less, { intervals: false })]
    expect(counted.days).toEqual(whole.days.filter((_, day) => day < 30 || day >= 40))
    expect(counted.figures['tradingDays']).toBe(70)
    const growth = counted.days.reduce((product, day) => product * (1 + day.return), 1)
    expect(counted.figures['totalReturn']).toBeCloseTo(growth - 1, 10)
    const touches = whole.trips.filter(({ openedUs, closedUs }) => openedUs < span.toUs && closedUs >= span.fromUs)
    expect(touches.length).toBeGreaterThan(0)
    expect(counted.trips).toEqual(whole.trips.filter((trip) => !touches.includes(trip)))
  })
})

describe('a run on a part of a tape', () => {
  const OPEN_US = nyse.session('2014-06-05')?.openUs ?? 0
  const STEP_US = 10_000_000
  it('knows the contracts from before, and no tick from outside', async () => {
    const random = seeded(1)
    const records: TapeRecord[] = Array.from({ length: 300 }, (_, i) => {
      const bidPrice = 70 + Math.round(100 * random()) / 100
      return {
        kind: 'quote',
        seq: i + 1,
        tsUs: OPEN_US + i * STEP_US,
        instrument: 1,
        bidPrice,
        askPrice: bidPrice + 0.02,
        bidSize: 9,
        askSize: 9,
      }
    })
    const contract = { kind: 'stock' as const, symbol: 'XYZ', currency: 'USD' }
    const path = join(folder, 'day.tape')
    await writeTape(path, { source: 'import' }, [[{ kind: 'contract', seq: 0, tsUs: OPEN_US - 1, instrument: 1, contract }, ...records]])
    const seen = "create: ({ clock, log }) => ({ onQuote: ({ tsUs }) => log(clock.warmsUp ? 'warm-up' : 'trade', { tsUs }) })"
    await writeFile(join(folder, 'seen.mjs'), `export default { name: 'seen', version: '1', params: (z) => z.strictObject({}), ${seen} }`)
    const input: InputRequest = { kind: 'tape', path, carry: { rate: 0, underlyings: [] } }
    const range = { fromUs: OPEN_US + 100 * STEP_US, toUs: OPEN_US + 200 * STEP_US, warmUpUs: 50 * STEP_US }
    const result = await runStrategy(request(range, { strategy: './seen.mjs', params: {}, input }))
    expect(result).toMatchObject({ status: 'complete', counts: { ticks: 150 } })
    expect(result.events.filter(({ message }) => message === 'warm-up')).toHaveLength(50)
    expect(result.events.at(-1)?.tsUs).toBe(OPEN_US + 199 * STEP_US)
    expect(result.equity.at(0)?.tsUs).toBeGreaterThanOrEqual(range.fromUs)
  })
})

describe('a range', () => {
  it.each([
    [{ fromUs: startOf(50), toUs: startOf(40) }, 'empty-range', 'expected a time after'],
    [{ fromUs: endOf(DAYS - 1) + 1e12 }, 'empty-range', 'outside of the data, which reaches from 2014-01-02'],
    [{ fromUs: startOf(50) + 1, toUs: startOf(50) + 2 }, 'dataset-empty', 'The range has no tick and no bar'],
  ])('in which nothing lies ends the run with a clear error: %j', async (range, code, message) => {
    const { status, error } = await runStrategy(request(range))
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code })
    expect(error?.message).toContain(message)
  })

  it('is not read where a dataset is compared with its origin', async () => {
    const input: InputRequest = { kind: 'dataset', dataDir: folder, name: 'whole', fromOrigin: { url: undefined } }
    expect((await runStrategy(request({ toUs: endOf(3) }, { input }))).error?.message).toContain('--origin')
  })

  it('is warmed up by whole trading days before its first one', () => {
    const fromUs = nyse.zone.toUs('2014-01-06', 34_200_000)
    expect(fromUs - warmUpOf(fromUs, 2, nyse)).toBe(nyse.zone.toUs('2014-01-02', 0))
    expect(warmUpOf(fromUs, 0, nyse)).toBe(0)
  })
})
