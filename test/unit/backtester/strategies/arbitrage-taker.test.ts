/** What a backtest makes of the opportunities that the detectors find in the same quotes, to 1/10,000 of the currency. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { toUnits } from '../../../../backtester/engine/money.ts'
import { tapeSource } from '../../../../db/tape/tape-source.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import type { Episode } from '../../../../market/arbitrage/episode.ts'
import { plainEpisode } from '../../../../market/arbitrage/plain.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { Contract } from '../../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../../market/tick.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { sessionWithOpportunities } from '../../../support/arbitrage/session.ts'
import { atNewYork } from '../../../support/backtest/run-result.ts'
import { balanced, byId, foundUnits, LISTENER, type Said, said, scan, take, type Taking } from '../../../support/backtest/taking.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')

let folder: string
/** Money costs nothing, and the options expire: what a conversion is worth is its strike. */
let untilExpiry: string
let session: string
/** A quarter of an hour of the shipped day. */
let morning: string
/** A call that is bid too much for the put below it: for 3 after fees, and later for 8. */
let freeRisk: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-taker-'))
  session = join(folder, 'session.tape')
  untilExpiry = join(folder, 'until-expiry.tape')
  await writeTape(session, { source: 'import' }, [sessionWithOpportunities()])
  const free = sessionWithOpportunities({ ends: false }).map((record) => {
    return record.kind === 'carry' && record.input === 'rates' ? { ...record, points: [{ days: 30, rate: 0 }] } : record
  })
  await writeTape(untilExpiry, { source: 'import' }, [[...free, ...lastDay(free)]])
  morning = join(folder, 'morning.tape')
  await writeTape(morning, { source: 'import' }, [await recordsUntil(SHIPPED, atNewYork('2014-06-05', 9.75))])
  freeRisk = join(folder, 'free-risk.tape')
  const quiet = sessionWithOpportunities({ ends: false })
  await writeTape(freeRisk, { source: 'import' }, [[...quiet, ...dearCalls(quiet, [2.215, 0.35, 2.22, 0.35])]])
  await writeFile(join(folder, 'listener.mjs'), LISTENER)
})
afterAll(() => rm(folder, { recursive: true }))

/** Both stocks at 72 until the close of the last day of the options. */
function lastDay(records: readonly TapeRecord[]): Quote[] {
  const stocks = records.flatMap((record) => (record.kind === 'contract' && record.contract.kind === 'stock' ? [record.instrument] : []))
  const seq = records.at(-1)?.seq ?? 0
  return [15.9, 16.2].flatMap((hour, i) =>
    stocks.map((instrument, j): Quote => {
      const tsUs = atNewYork('2014-07-18', hour) + j
      return { kind: 'quote', seq: seq + 1 + 2 * i + j, tsUs, instrument, bidPrice: 71.99, askPrice: 72.01, bidSize: 2000, askSize: 2000 }
    }),
  )
}

async function recordsUntil(path: string, untilUs: number): Promise<TapeRecord[]> {
  const found: TapeRecord[] = []
  for await (const { records } of tapeSource(path).records()) found.push(...records.filter(({ tsUs }) => tsUs < untilUs))
  return found
}

/** Bids for the call 75 of the first stock, a second apart. */
function dearCalls(records: readonly TapeRecord[], bids: readonly number[]): Quote[] {
  const call = records.find((record) => record.kind === 'contract' && isDearCall(record.contract))
  const { seq, tsUs } = records.at(-1) ?? expect.unreachable()
  const instrument = call?.kind === 'contract' ? call.instrument : expect.unreachable()
  return bids.map((bidPrice, i): Quote => {
    const when = { seq: seq + 1 + i, tsUs: tsUs + (1 + i) * 1_000_000 }
    return { kind: 'quote', ...when, instrument, bidPrice, askPrice: bidPrice + 0.1, bidSize: 10, askSize: 10 }
  })
}

const isDearCall = (contract: Contract) =>
  contract.kind === 'option' && contract.symbol === 'TWX' && contract.strike === 75 && contract.right === 'C'

const run = (given: Taking) => take({ folder, ...given })

describe('what the detectors find in a backtest', () => {
  it.each([
    ['a session', () => session],
    ['a part of the shipped day', () => morning],
  ])('is what they find in a scan of the same tape: %s', async (_name, tape) => {
    const settings = arbitrageSettings({ preset: 'aggressive' })
    const result = await run({ strategy: './listener.mjs', tape: tape(), settings })
    const heard = result.events.map(({ details }) => details?.['episode'] as Episode)
    const found = await scan(tape(), settings)
    expect(found.length).toBeGreaterThan(3)
    const inOrder = (episodes: readonly Episode[]) => episodes.map(plainEpisode).sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(inOrder(heard)).toEqual(inOrder(found))
    expect(result.settings.arbitrage).toEqual(settings)
  })

  it("is what a strategy of one's own chooses to be looked for, and what it throws at one ends its run as its own fault", async () => {
    const arbitrage = "arbitrage: (settings) => ({ ...settings, minProfit: 450, detectors: { reversal: 'off' } })"
    const create = `create: () => ({ onOpportunity(event, { opened }) { throw new Error(event + ' ' + Math.round(opened.profit)) } })`
    const text = `export default { name: 'chooser', version: '1', params: (z) => z.strictObject({}), ${arbitrage}, ${create} }`
    await writeFile(join(folder, 'chooser.mjs'), text)
    const result = await run({ strategy: './chooser.mjs', tape: session })
    const [first] = await scan(session, { ...balanced, minProfit: 450, detectors: { reversal: 'off' } })
    expect(result).toMatchObject({ status: 'failed', error: { code: 'strategy-threw' }, settings: { arbitrage: { minProfit: 450 } } })
    expect(result.error?.message).toContain(`opened ${Math.round(first?.opened.profit ?? Number.NaN)}`)
    expect(result.events).toEqual([])
  })

  it('is not looked for where the strategy does not listen', async () => {
    const result = await run({ strategy: 'buy-and-hold', tape: session })
    expect(result.status).toBe('complete')
    expect(result.settings.arbitrage).toBeUndefined()
  })
})

describe('the taker of arbitrage', () => {
  it('takes or names every opportunity, and without latency and fees has the edge of each, to the unit', async () => {
    const result = await run({ tape: session })
    const found = await scan(session)
    const of = byId(found)
    const [took, skipped, held] = ['took', 'skipped', 'held'].map((message) => said(result, message)) as [Said[], Said[], Said[]]
    expect([...took, ...skipped].map(({ episode }) => episode).sort()).toEqual(found.map(({ id }) => id).sort())
    expect(held.map(({ episode }) => episode)).toEqual(took.map(({ episode }) => episode))
    expect(held.length).toBeGreaterThan(2)
    for (const { episode, packages, edge, isMended } of held) {
      expect([episode, toUnits(edge), isMended]).toEqual([episode, foundUnits(of(episode), packages), false])
      const orders = result.orders.filter(({ request }) => request.note === episode)
      expect(orders.map(({ request: { instrument, side } }) => [instrument, side])).toEqual(
        of(episode).opened.legs.map(({ instrument, side }) => [instrument, side]),
      )
      const prices = orders.map(({ id }) => [...result.fills].find(({ orderId }) => orderId === id)?.price)
      expect(prices).toEqual(of(episode).opened.legs.map(({ price }) => price))
    }
  })

  it('has what the detector counts after fees, where it takes all that is shown and pays the fees of the settings', async () => {
    const result = await run({ tape: session, fees: 'schedule', params: { detectors: 'conversion', entry: 'combo' } })
    const of = byId(await scan(session))
    const held = said(result, 'held')
    expect(held).toHaveLength(3)
    for (const { episode, packages, edge, fees } of held) {
      expect(packages).toBe(of(episode).opened.size)
      expect(toUnits(edge) - toUnits(fees)).toBe(toUnits(of(episode).opened.profit))
    }
  })

  it('has earned the edges when the options have expired, and no more', async () => {
    const result = await run({ tape: untilExpiry, params: { detectors: 'conversion' } })
    const held = said(result, 'held')
    expect(held).toHaveLength(3)
    expect(new Set(result.events.map(({ kind }) => kind))).toEqual(new Set(['log', 'assignment', 'expiry']))
    const earned = toUnits((result.equity.at(-1)?.equity ?? 0) - result.settings.cash)
    expect(earned).toBe(held.reduce((sum, { edge }) => sum + toUnits(edge), 0))
    expect(result.equity.at(-1)?.exposure).toBe(0)
  })

  it('is left with legs when orders arrive behind the quotes, and mends them at what the market asks then', async () => {
    const late = { tape: session, latency: 'fixed:0,2500' }
    const of = byId(await scan(session))
    // Of each share: the call is sold for 1.90 in place of 2.60, and for 5.40 in place of 6.20; or the put and the share are sold for less than they cost.
    const left = {
      complete: (units: number, strike: number) => units - toUnits(1000 * (strike === 70 ? 0.7 : 0.8)),
      unwind: (_units: number, strike: number) => -toUnits(1000 * (strike === 70 ? 0.22 : 0.12)),
    }
    for (const mend of ['complete', 'unwind'] as const) {
      const result = await run({ ...late, params: { detectors: 'conversion', mend, patienceMs: 3000 } })
      const ended = [...said(result, 'held'), ...said(result, 'unwound')].sort((a, b) => of(a.episode).openedUs - of(b.episode).openedUs)
      const expected = ended.map(({ episode }) => {
        const { opened } = of(episode)
        const call = opened.legs[2]?.contract
        const strike = call?.kind === 'option' ? call.strike : expect.unreachable()
        // The bid of the one that goes on has risen by 5 cents on the way.
        if (opened.underlying.symbol === 'IBM') return [foundUnits(of(episode)) + toUnits(50), 10, false]
        return [left[mend](foundUnits(of(episode)), strike), mend === 'complete' ? 10 : 0, true]
      })
      expect(expected).toHaveLength(3)
      expect(ended.map(({ edge, packages, isMended }) => [toUnits(edge), packages, isMended])).toEqual(expected)
    }
  })

  it('misses as a combo what is gone when the order arrives, and holds nothing', async () => {
    const result = await run({ tape: session, latency: 'fixed:0,2500', params: { detectors: 'conversion', entry: 'combo' } })
    expect(said(result, 'missed').length).toBeGreaterThan(0)
    expect([...result.fills]).toEqual(result.fills.filter(({ orderId }) => result.orders[orderId - 1]?.status === 'filled'))
    expect(said(result, 'unwound')).toEqual([])
  })

  it('trades back what it has where the money does not do for the rest, and keeps nothing of it', async () => {
    const result = await run({ tape: session, cash: 36_000, margin: 'reg-t', params: { detectors: 'conversion' } })
    const [first] = said(result, 'unwound')
    // The share is sold for 2 cents less than it cost, and the call bought back for 15 cents more than it brought.
    expect(first).toMatchObject({ packages: 0, edge: -170, isMended: true })
    const orders = result.orders.filter(({ request }) => request.note === first?.episode)
    expect(orders.some(({ status }) => status === 'rejected' || status === 'cancelled')).toBe(true)
    const kept = new Map<number, number>()
    for (const { request, filled } of orders)
      kept.set(request.instrument, (kept.get(request.instrument) ?? 0) + (request.side === 'buy' ? filled : -filled))
    expect([...kept.values()]).toEqual([0, 0, 0])
  })

  it('gives the same result again, and another one behind a latency', async () => {
    const hashes = []
    for (const latency of ['none', 'none', 'fixed:10,2500']) hashes.push((await run({ tape: session, latency })).hash)
    expect(hashes[0]).toBe(hashes[1])
    expect(hashes[2]).not.toBe(hashes[0])
  })

  it('takes only what may be taken, and no detector that there is not', async () => {
    const result = await run({ tape: session, params: { packages: 2, certainty: 'guaranteed' } })
    const took = said(result, 'took')
    expect(took.length).toBeGreaterThan(0)
    expect(new Set(took.map(({ packages }) => packages))).toEqual(new Set([2]))
    const wrong = await run({ tape: session, params: { detectors: 'conversion,luck' } })
    expect(wrong.error?.message).toContain('detectors: expected all, or some of conversion,reversal,')
  })
})

describe('synthetic free risk', () => {
  it('takes what its detector finds with the thresholds of a preset, as combos, with the fees of the settings', async () => {
    const counts = []
    for (const preset of ['conservative', 'balanced', 'aggressive'] as const) {
      const result = await run({ strategy: 'synthetic-free-risk', tape: freeRisk, params: { preset, packages: 5 } })
      expect(result.settings.arbitrage).toMatchObject({ preset, fees: balanced.fees })
      const held = said(result, 'held')
      const found = await scan(freeRisk, result.settings.arbitrage)
      expect(new Set([...held, ...found.map(({ opened }) => opened)].map(({ detector }) => detector)).size).toBe(found.length > 0 ? 1 : 0)
      expect(held.map(({ episode, edge }) => [episode, toUnits(edge)])).toEqual(
        found.map((episode) => [episode.id, foundUnits(episode, 5)]),
      )
      expect(result.orders.every(({ request: { type } }) => type === 'combo-leg')).toBe(true)
      counts.push(held.length)
    }
    expect(counts).toEqual([0, 1, 2])
  })
})
