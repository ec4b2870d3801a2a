/** Runs under worse conditions than their data shows. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { toUnits } from '../../../../backtester/engine/money.ts'
import { summarise } from '../../../../backtester/metrics/summary.ts'
import type { InputRequest } from '../../../../backtester/run/input.ts'
import { chooseModel } from '../../../../backtester/run/models.ts'
import type { RunResult, Stress } from '../../../../backtester/run/result.ts'
import { runStrategy } from '../../../../backtester/run/run.ts'
import { parseStress, warningsOf, widened } from '../../../../backtester/run/stress.ts'
import { runKey } from '../../../../backtester/store/run-key.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import type { Quote, TapeRecord } from '../../../../market/tick.ts'
import { randomDayBars, writeBarsDataset } from '../../../support/backtest/bars-dataset.ts'
import { runRequest, runSettings } from '../../../support/backtest/run-requests.ts'
import { seeded } from '../../../support/random.ts'

const OPEN_US = nyse.session('2014-06-05')?.openUs ?? 0
const STEP_US = 10_000_000
const TICKS = 1200

let folder: string
let tape: InputRequest
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-stress-'))
  await writeBarsDataset(folder, 'bars', randomDayBars({ days: 120 }))
  const random = seeded(1)
  const contract = (symbol: string, instrument: number): TapeRecord => ({
    kind: 'contract',
    seq: 0,
    tsUs: OPEN_US - 1,
    instrument,
    contract: { kind: 'stock', symbol, currency: 'USD' },
  })
  const quotes = Array.from({ length: TICKS }, (_, i): TapeRecord => {
    const bidPrice = Math.round(100 * (70 + Math.sin(i / 15) + random() / 4)) / 100
    const instrument = 1 + (i % 2)
    return {
      kind: 'quote',
      seq: i + 1,
      tsUs: OPEN_US + i * STEP_US,
      instrument,
      bidPrice,
      askPrice: bidPrice + 0.02,
      bidSize: 500,
      askSize: 500,
    }
  })
  const path = join(folder, 'day.tape')
  await writeTape(path, { source: 'import' }, [[contract('XYZ', 1), contract('ABC', 2), ...quotes]])
  tape = { kind: 'tape', path, carry: { rate: 0, underlyings: [] } }
})
afterAll(() => rm(folder, { recursive: true }))

const onBars = (stress: Stress | undefined, seed = 1) =>
  runStrategy(runRequest(folder, 'bars', { settings: runSettings({ stress, seed }) }))
const onTicks = (stress: Stress | undefined) => runStrategy(runRequest(folder, '', { input: tape, settings: runSettings({ stress }) }))
const end = ({ equity }: RunResult) => toUnits(equity.at(-1)?.equity ?? Number.NaN)
const times = ({ fills }: RunResult) => fills.map(({ tsUs, instrument, side, quantity }) => [tsUs, instrument, side, quantity])

describe('costs by a multiple', () => {
  it('leave the trades of a strategy that is blind to fees as they are, and net falls by exactly the fees in its fills', async () => {
    const { models } = runSettings()
    const feesAlone = { ...models, slippage: chooseModel('slippage', 'none'), financing: chooseModel('financing', 'none') }
    for (const fees of ['schedule', 'percent:0.037']) {
      const of = (stress?: Stress) => {
        const settings = runSettings({ models: { ...feesAlone, fees: chooseModel('fees', fees) }, stress })
        return runStrategy(runRequest(folder, 'bars', { settings }))
      }
      const [plain, doubled] = [await of(), await of({ costs: 2 })]
      const paid = [...plain.fills].reduce((sum, { commission }) => sum + toUnits(commission), 0)
      expect(plain.fills.length).toBeGreaterThan(5)
      expect(paid).toBeGreaterThan(0)
      const untold = ({ fills }: RunResult) => fills.map((fill) => ({ ...fill, commission: 0 }))
      expect(untold(doubled)).toEqual(untold(plain))
      expect(doubled.fills.map(({ commission }) => toUnits(commission))).toEqual(
        plain.fills.map(({ commission }) => 2 * toUnits(commission)),
      )
      expect(end(plain) - end(doubled)).toBe(paid)
    }
  })

  it('count for slippage, borrow fees and debit interest, and not for what cash earns', async () => {
    const [plain, dear] = [await onBars(undefined), await onBars({ costs: 10 })]
    expect(times(dear)).toEqual(times(plain))
    expect(dear.costs.borrow / plain.costs.borrow).toBeCloseTo(10, 1)
    expect(dear.costs.commission / plain.costs.commission).toBeCloseTo(10, 1)
    expect(dear.income.interest).toBeLessThan(plain.income.interest)
    expect(dear.income.interest / plain.income.interest).toBeGreaterThan(0.9)
    const [buy, dearBuy] = [plain, dear].map(({ fills }) => [...fills].find(({ side }) => side === 'buy')?.price ?? Number.NaN)
    // One basis point has become ten.
    expect((dearBuy ?? 0) / (buy ?? 0)).toBeCloseTo(1.001 / 1.0001, 9)
  })
})

const quote = (bidPrice: number | undefined, askPrice: number | undefined): Quote => ({
  kind: 'quote',
  seq: 1,
  tsUs: 1,
  instrument: 1,
  bidPrice,
  askPrice,
  bidSize: 3,
  askSize: 4,
})

describe('a wider spread', () => {
  it.each([
    [{ factor: 1.5 }, 10, 10.2, 9.95, 10.25],
    [{ factor: 3 }, 0.01, 0.03, 0, 0.05],
    [{ factor: 2 }, 10, 10, 10, 10],
    [{ ticks: 2 }, 10, 10, 9.98, 10.02],
    [{ ticks: 2 }, 0, 0.05, 0, 0.07],
    [{ ticks: 1 }, undefined, 0.05, undefined, 0.06],
    [{ factor: 2 }, undefined, 0.05, undefined, 0.05],
    [{ factor: 2 }, 10.1, 10, 10.1, 10],
  ])('of %j moves %s and %s to %s and %s', (spread, bid, ask, widerBid, widerAsk) => {
    expect(widened(quote(bid, ask), spread)).toEqual(quote(widerBid, widerAsk))
  })

  it('never narrows, never crosses, and keeps the middle and the sizes', () => {
    const cents = fc.integer({ min: 0, max: 100_000 }).map((n) => n / 100)
    const factors = fc.double({ min: 1, max: 5, noNaN: true })
    fc.assert(
      fc.property(cents, fc.integer({ min: 0, max: 500 }), factors, (bid, width, factor) => {
        const before = quote(bid, bid + width / 100)
        const after = widened(before, { factor })
        const [low = 0, high = 0] = [after.bidPrice, after.askPrice]
        expect(low).toBeLessThanOrEqual(bid + 1e-6)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeGreaterThanOrEqual((before.askPrice ?? 0) - 1e-6)
        if (low > 0) expect(low + high).toBeCloseTo(bid + (before.askPrice ?? 0), 5)
        expect(after).toMatchObject({ bidSize: 3, askSize: 4 })
      }),
    )
  })

  it('costs what crosses it, on ticks and on bars', async () => {
    const [ticks, wideTicks] = [await onTicks(undefined), await onTicks({ spread: { ticks: 3 } })]
    expect(times(wideTicks)).toEqual(times(ticks))
    const off = wideTicks.fills.map(({ price, side }, i) => (price - (ticks.fills.at(i)?.price ?? 0)) * (side === 'buy' ? 1 : -1))
    expect(off.length).toBeGreaterThan(10)
    for (const one of off) expect(one).toBeCloseTo(0.03, 4)
    const [bars, wideBars] = [await onBars(undefined), await onBars({ spread: { basisPoints: 20 } })]
    expect(times(wideBars)).toEqual(times(bars))
    for (const [i, { price, side }] of wideBars.fills.entries())
      expect(price / (bars.fills.at(i)?.price ?? 0)).toBeCloseTo(side === 'buy' ? 1.0021 / 1.0001 : 0.9979 / 0.9999, 9)
  })

  it('is refused where the data has no use for it', async () => {
    expect((await onBars({ spread: { factor: 2 } })).error).toMatchObject({
      code: 'run-stress',
      message: expect.stringContaining('spread:5bp'),
    })
    expect((await onTicks({ spread: { basisPoints: 5 } })).error).toMatchObject({ code: 'run-stress' })
  })
})

describe('latency on top', () => {
  it('is that of a model with so much more', async () => {
    const { models } = runSettings()
    const of = (latency: string, stress?: Stress) =>
      runStrategy(
        runRequest(folder, '', {
          input: tape,
          settings: runSettings({ models: { ...models, latency: chooseModel('latency', latency) }, stress }),
        }),
      )
    const more = await of('fixed:100,50', { latency: { feedMs: 15_000, orderMs: 25_000 } })
    expect(more.hash).toBe((await of('fixed:15100,25050')).hash)
    expect(more.hash).not.toBe((await of('fixed:100,50')).hash)
  })
})

describe('injected gaps', () => {
  it('leave out the ticks that lie in them, are told as gaps and named among the warnings', async () => {
    const stress: Stress = { gaps: { count: 3, seconds: 300, of: 'all' } }
    const [plain, holed] = [await onTicks(undefined), await onTicks(stress)]
    const found = warningsOf(holed)
    expect(found).toHaveLength(3)
    expect(found[0]).toMatch(/^Injected gap: no data at all from 2014-06-05T1\d:/)
    expect(warningsOf(plain)).toEqual([])
    expect(holed.counts.ticks).toBeLessThanOrEqual(TICKS - 30)
    expect(holed.counts.ticks).toBeGreaterThanOrEqual(TICKS - 3 * 31)
    const spans = holed.events.filter(({ kind }) => kind === 'injected-gap').map(({ tsUs }) => [tsUs, tsUs + 300_000_000] as const)
    for (const { tsUs } of holed.fills) for (const [from, to] of spans) expect(tsUs >= from && tsUs < to).toBe(false)
    expect((await onTicks(stress)).hash).toBe(holed.hash)
  })

  it('of one instrument leave the other whole', async () => {
    const holed = await onTicks({ gaps: { count: 1, seconds: 3600, of: 'one' } })
    expect(TICKS - holed.counts.ticks).toBeGreaterThan(60)
    expect(TICKS - holed.counts.ticks).toBeLessThanOrEqual(181)
    expect(warningsOf(holed)[0]).toMatch(/no data of instrument [12] from/)
  })

  it('leave out each bar of which a part lies in them, by the seed', async () => {
    const stress: Stress = { gaps: { count: 5, seconds: 300, of: 'all' } }
    const [one, other] = [await onBars(stress), await onBars(stress, 2)]
    expect(one.counts.bars).toBeGreaterThanOrEqual(115)
    expect(one.counts.bars).toBeLessThan(120)
    expect(warningsOf(other)).not.toEqual(warningsOf(one))
  })
})

describe('a stress', () => {
  it('stands in the key of its run, and its figures are those of the run', async () => {
    const { models } = runSettings()
    const settings = (stress?: Stress) => runSettings({ models: { ...models, fees: chooseModel('fees', 'none') }, stress })
    const plain = await runStrategy(runRequest(folder, 'bars', { settings: settings(), strategy: 'buy-and-hold', params: {} }))
    const same = { ...plain, settings: settings({ latency: { feedMs: 1, orderMs: 1 } }) }
    expect(runKey(same, {})).not.toBe(runKey(plain, {}))
    expect(summarise(plain, { intervals: false }).figures['costs']).toBe(plain.costs.interest + plain.costs.borrow)
  })

  it('is read from texts', () => {
    expect(parseStress(['costs:2', 'spread:1.5', 'latency:200', 'gaps:5,300'])).toEqual({
      costs: 2,
      spread: { factor: 1.5 },
      latency: { feedMs: 200, orderMs: 200 },
      gaps: { count: 5, seconds: 300, of: 'all' },
    })
    expect(parseStress(['spread:2ticks', 'latency:5,10', 'gaps:1,60,one'])).toEqual({
      spread: { ticks: 2 },
      latency: { feedMs: 5, orderMs: 10 },
      gaps: { count: 1, seconds: 60, of: 'one' },
    })
    expect(parseStress(['spread:5bp'])).toEqual({ spread: { basisPoints: 5 } })
  })

  it.each([
    ['costs'],
    ['costs:-1'],
    ['costs:2bp'],
    ['spread:0.5'],
    ['latency:x'],
    ['latency:5,one'],
    ['gaps:5'],
    ['gaps:0,5'],
    ['tax:1'],
    ['gaps:5,one'],
  ])('is refused with what it can be: %s', (text) => {
    expect(() => parseStress([text])).toThrow('--stress: expected costs:MULTIPLE')
  })

  it('is refused when it is given twice', () => {
    expect(() => parseStress(['costs:2', 'costs:3'])).toThrow('expected costs once')
  })
})
