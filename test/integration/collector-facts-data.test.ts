/** What is known of IB's data, and what the collector records, says and does with it. */

import { describe, expect, it } from 'vitest'
import { RULES } from '../../market/rules/index.ts'
import { isMarked, Mark } from '../../market/marks.ts'
import { unexpected } from '../support/unexpected.ts'
import { at } from '../support/collector/virtual-collector.ts'
import { DAY, dayOf, us } from '../support/collector/day.ts'
import { RulesAtWork } from '../support/rules.ts'

describe('tick-by-tick data may be dead while market data lives, and nobody says so', () => {
  it('its line is closed as of its last tick, cancelled, and asked for after more than 15 s, as IB would revive the dead stream', async () => {
    const { until, time, tws, stock, losses, gaps, ledger, ticksOf } = await dayOf({ tickByTick: true })
    const trade = (second: number) => {
      tws.ticked(stock)
      tws.say(stock, 'AllLast', (reqId) => [99, reqId, 2, 1730816945 + second, 70 + second / 100, 100, 0, 'NYSE', ''])
    }
    for (let second = 0; second < 5400; second++) time.at(at(DAY, '09:29:05') + second * 1000, () => trade(second))
    await until('10:00:00')
    tws.killLines((_, of) => of === 'AllLast')
    const deadUs = us('10:00:00')
    await until('10:00:40')
    expect(losses().map(({ feed }) => feed)).toContain('tick-by-tick-trades')
    await until('10:05:00')
    const asked = tws.asked.filter(({ contract, of }) => contract === stock && of === 'AllLast')
    const cancelled = tws.cancelled.filter(({ contract, of }) => contract === stock && of === 'AllLast')
    expect(asked).toHaveLength(2)
    expect((asked[1]?.ms ?? 0) - (cancelled[0]?.ms ?? Number.NaN)).toBeGreaterThanOrEqual(15_000)
    const [closed] = losses().filter(({ event }) => event === 'closed')
    expect(closed).toMatchObject({ feed: 'tick-by-tick-trades', cause: 'silent' })
    expect(closed?.untilTsUs).toBeLessThanOrEqual(deadUs)
    expect(closed?.untilTsUs).toBeGreaterThan(deadUs - 2_000_000)
    expect(gaps()).toEqual([])
    expect(ledger.open).toEqual([])
    const after = ticksOf(stock).filter((tick) => tick.kind === 'trade' && tick.source === 'tick-by-tick' && tick.tsUs > us('10:01:00'))
    expect(after.length).toBeGreaterThan(230)
  })
})

describe('a halt', () => {
  it('is recorded as tick 49, and the silence of the stock and its options is no gap; what they say behind it is recorded', async () => {
    const [fromMs, toMs] = [at(DAY, '11:00:00'), at(DAY, '12:00:00')]
    const trades = ({ farm, name }: { farm: string; name: string }, ms: number) =>
      ms < fromMs || ms >= toMs || !(farm === 'usopt' || name === 'TWX')
    const { until, tws, stock, gaps, losses, ledger, ticksOf } = await dayOf({ trades })
    await until('11:00:00')
    tws.say(stock, 'market-data', (reqId) => [45, 6, reqId, 49, 1])
    await until('12:00:00')
    expect(ledger.open).toEqual([])
    tws.say(stock, 'market-data', (reqId) => [45, 6, reqId, 49, 0])
    await until('12:30:00')
    expect([...gaps(), ...losses()]).toEqual([])
    expect(tws.asked).toHaveLength(6)
    expect(ticksOf(stock).filter((tick) => tick.kind === 'statistic' && tick.name === 'halted')).toMatchObject([{ value: 1 }, { value: 0 }])
    expect(ticksOf(stock).filter(({ tsUs }) => tsUs > us('12:00:01')).length).toBeGreaterThan(100)
  })

  it("that nobody announces is silence of which IB's history knows nothing new: no gap, and nothing is asked for again", async () => {
    const [fromMs, toMs] = [at(DAY, '11:00:00'), at(DAY, '12:00:00')]
    const trades = ({ name }: { name: string }, ms: number) => name !== 'TWX' || ms < fromMs || ms >= toMs
    const { until, tws, losses, gaps } = await dayOf({ trades })
    await until('12:30:00')
    expect([...gaps(), ...losses()]).toEqual([])
    expect(tws.asked).toHaveLength(6)
  })

  it('is told from a dead line: what IB has recorded meanwhile proves that dead', async () => {
    const { until, tws, stock, tickBefore, tickAfter, losses, ticksOf } = await dayOf()
    await until('11:00:00')
    tws.killLines((contract) => contract === stock)
    await until('11:30:00')
    expect(losses()[0]).toMatchObject({ cause: 'silent', untilTsUs: tickBefore('11:00:00', [stock]) })
    expect(tickAfter('11:00:00', stock)).toBeLessThan(us('11:01:00'))
    expect(ticksOf(stock).filter(({ tsUs }) => tsUs > us('11:10:00')).length).toBeGreaterThan(50)
  })
})

describe('a stall of the network', () => {
  it('of 16 s is a gap from the last data to the first, what waited is recorded once and marked late, and nothing is asked for again', async () => {
    const { until, time, tws, stock, gaps, ticksOf, tickBefore } = await dayOf({
      trades: ({ name }, ms) => name !== 'TWX' || ms < at(DAY, '10:59:00') || ms > at(DAY, '11:03:00'),
    })
    // Thirty quotes a second, of which every price is another one.
    for (let i = 0; i < 120 * 30; i++)
      time.at(at(DAY, '11:00:00') + Math.floor((i * 1000) / 30), () =>
        tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 1, 1_000_000 + i, 3, 1]),
      )
    await until('11:01:00')
    const lastUs = us('11:01:00') - 1
    tws.hold()
    await until('11:01:16')
    tws.release()
    await until('11:04:00')
    expect(gaps()).toMatchObject([{ cause: 'stall' }])
    const [gap = unexpected()] = gaps()
    expect(gap.fromTsUs).toBeGreaterThan(lastUs - 100_000)
    expect(gap.fromTsUs).toBeGreaterThanOrEqual(tickBefore('11:01:00') - 1000)
    expect(gap.toTsUs).toBeGreaterThanOrEqual(us('11:01:16'))
    expect(gap.toTsUs).toBeLessThan(us('11:01:17'))
    const quotes = ticksOf(stock).filter((tick) => tick.kind === 'quote' && (tick.bidPrice ?? 0) >= 1_000_000)
    expect(quotes.map((tick) => tick.kind === 'quote' && tick.bidPrice)).toEqual(Array.from({ length: 3600 }, (_, i) => 1_000_000 + i))
    const late = quotes.filter((tick) => isMarked(tick, Mark.late))
    expect(late.length).toBeGreaterThanOrEqual(16 * 30)
    expect(late.every(({ tsUs }) => tsUs >= us('11:01:16') && tsUs < us('11:01:18'))).toBe(true)
    expect(tws.asked).toHaveLength(6)
  })
})

describe('sizes', () => {
  it.each(['', '2147483647', '9223372036854775807', '-9223372036854775808', '1.7976931348623157E308'])(
    'of "%s" are not known, and their quote is recorded without them',
    async (unset) => {
      const { until, tws, stock, ticksOf } = await dayOf({ trades: () => false })
      await until('09:45:00')
      tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 1, 70.5, unset, 1])
      tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 2, 70.6, 4, 1])
      await until('09:45:01')
      expect(ticksOf(stock)).toMatchObject([{ kind: 'quote', bidPrice: 70.5, bidSize: undefined, askPrice: 70.6, askSize: 4 }])
    },
  )

  it('of 0 beside a live price are a side below one lot: the quote stands, and no rule finds fault with it', async () => {
    const { until, tws, stock, ticksOf } = await dayOf({ trades: () => false })
    await until('09:45:00')
    tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 1, 70.5, 0, 1])
    tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 2, 70.6, 4, 1])
    await until('09:45:01')
    const [quote = unexpected()] = ticksOf(stock)
    expect(quote).toMatchObject({ kind: 'quote', bidPrice: 70.5, bidSize: 0, askPrice: 70.6, askSize: 4 })
    expect(new RulesAtWork(RULES).findingsOn(quote)).toEqual([])
  })

  it('may be decimals, of the last trade too, and are recorded as they come: no lot is multiplied', async () => {
    const { until, tws, stock, ticksOf } = await dayOf({ trades: () => false })
    await until('09:45:00')
    tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 1, 70.5, 1, 1])
    tws.say(stock, 'market-data', (reqId) => [46, 6, reqId, 45, '1730817899'])
    tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 4, 70.55, '0.25', 0])
    await until('09:45:01')
    expect(ticksOf(stock)).toMatchObject([
      { kind: 'quote', bidPrice: 70.5, bidSize: 1 },
      { kind: 'trade', price: 70.55, size: 0.25 },
    ])
  })
})

describe('lines of US stocks go on in the overnight session', () => {
  it('a trade there is recorded and marked, and no gap is named when it falls silent or ends', async () => {
    const { until, tws, stock, call, ticksOf, gaps, losses } = await dayOf({ start: '19:30:00' })
    await until('19:59:00')
    const trade = (price: number, time: number) => {
      tws.say(stock, 'market-data', (reqId) => [46, 6, reqId, 45, time])
      tws.say(stock, 'market-data', (reqId) => [1, 6, reqId, 4, price, 100, 0])
    }
    trade(70.5, 1730854740)
    await until('21:00:00')
    trade(70.6, 1730858400)
    tws.say(call, 'market-data', (reqId) => [1, 6, reqId, 4, 1.2, 1, 0])
    await until('23:30:00')
    const trades = ticksOf(stock).filter(({ kind }) => kind === 'trade')
    expect(trades).toMatchObject([{ price: 70.5 }, { price: 70.6 }])
    expect(trades.map((tick) => isMarked(tick, Mark.overnight))).toEqual([false, true])
    expect(ticksOf(call).filter((tick) => tick.kind === 'trade' && isMarked(tick, Mark.overnight))).toEqual([])
    expect([...gaps(), ...losses()]).toEqual([])
    expect(tws.asked).toHaveLength(6)
  })
})

describe('the volume of the day begins anew at 20:00 in New York', () => {
  it('and is recorded as it comes, before and behind, without a gap', async () => {
    const { until, tws, stock, ticksOf, gaps, losses } = await dayOf({ start: '19:30:00' })
    await until('19:59:00')
    tws.say(stock, 'market-data', (reqId) => [2, 6, reqId, 8, 4_000_000])
    await until('20:01:00')
    tws.say(stock, 'market-data', (reqId) => [2, 6, reqId, 8, 300])
    await until('20:02:00')
    const volumes = ticksOf(stock).filter((tick) => tick.kind === 'statistic' && tick.name === 'day-volume')
    expect(volumes).toMatchObject([{ value: 4_000_000 }, { value: 300 }])
    expect([...gaps(), ...losses()]).toEqual([])
  })
})

describe('the first values behind a request are state', () => {
  it('of a line that is asked for again over another link they are marked, and no trade or quote of now', async () => {
    const { until, tws, stock, ticksOf, tickBefore } = await dayOf()
    await until('10:00:00')
    tws.dropClients()
    await until('10:00:30')
    const [first] = ticksOf(stock).filter(({ tsUs }) => tsUs > us('10:00:00'))
    const before = ticksOf(stock).findLast(({ tsUs }) => tsUs <= us('10:00:00'))
    expect(before?.tsUs).toBe(tickBefore('10:00:00', [stock]))
    expect(first).toMatchObject({ kind: 'quote', bidPrice: before?.kind === 'quote' ? before.bidPrice : undefined })
    expect(first && isMarked(first, Mark.initial)).toBe(true)
  })
})
