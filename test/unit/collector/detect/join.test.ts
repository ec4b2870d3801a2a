import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'

import { type Detect, type DetectSettings, joinDetect } from '../../../../collector/detect/join.ts'
import { createGatewayClock } from '../../../../collector/record/clock.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { createMetrics } from '../../../../collector/telemetry/metrics.ts'
import type { Detector } from '../../../../market/arbitrage/detector.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { OptionContract } from '../../../../market/contract.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { recorderOn, STOCK } from '../record/recorder-support.ts'

const NOON_US = Date.parse('2014-06-05T16:00:00Z') * 1000
const OPTION = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-07-19',
  strike: 70,
  multiplier: 100,
  tradingClass: 'TWX',
} as const
const CALL: OptionContract = { ...OPTION, right: 'C' }
const PUT: OptionContract = { ...OPTION, right: 'P' }

const DETECT: DetectSettings = { arbitrage: arbitrageSettings({ minProfit: 5 }) }

/** Throws at the bid of 9 of a call. */
const FRAIL: Detector = {
  name: 'frail',
  about: 'Breaks.',
  onOption: ({ side, index }) => {
    if (side.bidPrices[index] === 9) throw new Error('broken')
  },
}

/** A recorder of a stock and a pair of options, at no interest, and the detectors on it. */
async function rig({ isOff = false, onChange, ...detect }: Partial<DetectSettings> & { isOff?: boolean; onChange?: () => void } = {}) {
  const clock = createGatewayClock()
  clock.publish(NOON_US)
  const { recorder } = await recorderOn(clock)
  const counts = createCounts()
  const { registry } = createMetrics(counts, unbounded())
  const stored: { episode: { id: string; ending: string | undefined }; settings: object }[] = []
  const samples: { sessionId: number; sample: { expiry: string; pairs: number } }[] = []
  const told: string[] = []
  const lines: { level: number; msg: string }[] = []
  const joined: Detect = joinDetect({
    version: '1.2.3',
    recorder,
    events: createEvents(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }), counts),
    registry,
    detect: isOff ? undefined : { ...DETECT, ...detect },
    store: {
      opportunities: (found) => {
        stored.push(...found)
        return Promise.resolve()
      },
      parity: (found) => {
        samples.push(...found)
        return Promise.resolve()
      },
    },
    onEpisode: (change, { opened }) => {
      onChange?.()
      told.push(`${change} ${opened.detector}`)
    },
    giveUp: new AbortController().signal,
  })
  recorder.begin()
  const [stock, call, put] = [STOCK, CALL, PUT].map((contract) => recorder.instrumentOf(contract)) as [number, number, number]
  recorder.carry([
    { input: 'rates', currency: 'USD', points: [{ days: 1, rate: 0 }], source: 'settings' },
    { input: 'dividends', instrument: stock, payments: [], source: 'settings' },
    { input: 'borrow', instrument: stock, rate: 0, source: 'settings' },
  ])
  const quote = (instrument: number, bidPrice: number, askPrice: number, tsUs = NOON_US) => {
    recorder.tick({ kind: 'quote', seq: 0, tsUs, instrument, bidPrice, askPrice, bidSize: 1000, askSize: 1000 }, tsUs)
  }
  /** The bid of the call at which a conversion is worth something is 3 and above. */
  const bid = (price: number, tsUs?: number) => quote(call, price, price + 0.1, tsUs)
  const begin = () => {
    quote(stock, 70, 70.02)
    quote(put, 2.5, 2.6)
  }
  begin()
  const metric = async (name: string) => {
    const found = (await registry.metrics()).split('\n').filter((line) => line.startsWith(`tapedeck_arbitrage_${name}`))
    return Object.fromEntries(
      found.map((line) => [line.slice('tapedeck_arbitrage_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }
  return { recorder, detect: joined, bid, begin, stored, samples, told, lines, metric }
}

describe('the detectors of a recording', () => {
  it('see every record, and what they find is shown, counted, told and stored', async () => {
    const { detect, bid, stored, told, metric } = await rig()
    bid(3)
    expect(detect.page()).toMatchObject({ state: 'watching', open: [], funnel: { quotes: 0 } })
    await vi.waitFor(() => expect(detect.page().open).toMatchObject([{ detector: 'conversion', last: { size: 10 } }]), PATIENTLY)
    expect(await metric('episodes_open')).toEqual({ 'episodes_open{certainty="guaranteed"}': 1, 'episodes_open{certainty="expected"}': 0 })
    const profit = detect.page().open[0]?.last.profit ?? Number.NaN
    expect(await metric('best_profit')).toEqual({ best_profit: profit })
    detect.prepared()
    bid(2.5)
    await detect.finish()
    const id = detect.page().closed[0]?.id
    expect(detect.page()).toMatchObject({ version: '1.2.3', open: [], closed: [{ ending: 'edge-gone', best: { profit } }] })
    expect(detect.page().funnel).toMatchObject({ quotes: 4, opened: 1 })
    expect(detect.totals()?.funnel.opened).toBe(1)
    expect(told).toEqual(['opened conversion', 'closed conversion'])
    expect(stored).toMatchObject([{ episode: { id, ending: 'edge-gone' }, settings: { minProfit: 5 } }])
    expect(await metric('quotes')).toEqual({ quotes_total: 4 })
    expect(await metric('lifetime_seconds_count')).toEqual({ lifetime_seconds_count: 1 })
    expect(await metric('best_profit')).toEqual({ best_profit: 0 })
    expect(Object.values(await metric('lag_seconds_count'))[0]).toBeGreaterThan(0)
  })

  it('count what they refuse, by detector and reason', async () => {
    const { detect, bid, metric } = await rig({ arbitrage: arbitrageSettings({ minProfit: 1_000_000 }) })
    bid(3)
    await detect.finish()
    expect(await metric('refused')).toEqual({ 'refused_total{detector="conversion",reason="below-threshold"}': 1 })
    expect(detect.page().funnel.refused).toEqual({ 'below-threshold': 1 })
  })

  it('go on without a detector that throws, which the log says', async () => {
    const { detect, bid, lines } = await rig({ detectors: [FRAIL] })
    bid(9)
    bid(9)
    await detect.finish()
    expect(lines).toMatchObject([{ level: 50, detector: 'frail', msg: expect.stringContaining('off for the rest') as string }])
    expect(detect.page().state).toBe('watching')
  })

  it('show nothing as open any more when they fail, and begin anew with the next session', async () => {
    let isBroken = true
    const { recorder, detect, begin, bid, stored, lines, told, metric } = await rig({
      onChange: () => {
        if (isBroken) throw new Error('broken')
      },
    })
    detect.prepared()
    bid(3)
    await detect.finish()
    expect(detect.page()).toMatchObject({ state: 'failed', open: [] })
    expect(await metric('best_profit')).toEqual({ best_profit: 0 })
    expect(lines).toMatchObject([{ level: 50, msg: expect.stringContaining('the detectors failed') as string }])
    isBroken = false
    await recorder.end('test')
    recorder.begin()
    begin()
    bid(3)
    await recorder.end('test')
    await detect.finish()
    expect(told).toEqual(['opened conversion', 'closed conversion'])
    expect(stored).toHaveLength(1)
  })

  it('keep what parity says of each chain, once a minute', async () => {
    const { recorder, detect, bid, samples } = await rig()
    detect.prepared()
    bid(2.5)
    bid(2.4, NOON_US + 61_000_000)
    await detect.finish()
    expect(samples).toMatchObject([{ sessionId: recorder.sessionId, sample: { expiry: '2014-07-19', pairs: 1 } }])
  })

  it('end their episodes with the session, and begin anew with the next one', async () => {
    const { recorder, detect, begin, bid, stored, told } = await rig()
    detect.prepared()
    bid(3)
    await recorder.end('test')
    recorder.begin()
    begin()
    bid(3)
    await recorder.end('test')
    await detect.finish()
    expect(told).toEqual(['opened conversion', 'closed conversion', 'opened conversion', 'closed conversion'])
    expect(stored.map(({ episode }) => episode.ending)).toEqual(['session-ended', 'session-ended'])
  })

  it('are not there when they are off', async () => {
    const { detect, bid, told, metric } = await rig({ isOff: true })
    bid(3)
    detect.prepared()
    await detect.finish()
    expect([detect.page().state, detect.totals(), told, await metric('')]).toEqual(['off', undefined, [], {}])
  })
})
