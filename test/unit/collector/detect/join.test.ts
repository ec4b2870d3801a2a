import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'

import type { EpisodeChange } from '../../../../collector/detect/board.ts'
import { type Detect, type EpisodeListener, joinDetect } from '../../../../collector/detect/join.ts'
import { createGatewayClock } from '../../../../collector/record/clock.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { createMetrics } from '../../../../collector/telemetry/metrics.ts'
import type { Episode } from '../../../../market/arbitrage/episode.ts'
import { Funnel } from '../../../../market/arbitrage/funnel.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { episode, OPENED_US } from '../../../support/episodes.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { quote, recorderOn, START_US, STOCK } from '../record/recorder-support.ts'

const OPEN = episode()
const CLOSED = episode({ closedUs: OPENED_US + 2_000_000, ending: 'edge-gone' })

/** A recorder with detectors that open an episode at a bid of 1, and close it at one of 2; at 3 they throw. */
async function rig(isOn = true) {
  const clock = createGatewayClock()
  clock.publish(START_US)
  const { recorder } = await recorderOn(clock)
  const counts = createCounts()
  const { registry } = createMetrics(counts, unbounded())
  const stored: unknown[] = []
  const told: [EpisodeChange, string][] = []
  const engines: TapeRecord['kind'][][] = []
  const createEngine = (onEpisode: EpisodeListener) => {
    const kinds: TapeRecord['kind'][] = []
    engines.push(kinds)
    const funnel = new Funnel()
    const take = (record: TapeRecord) => {
      kinds.push(record.kind)
      if (record.kind !== 'quote') return
      funnel.quotes++
      funnel.refuse('conversion', 'carry', 2)
      if (record.bidPrice === 1) onEpisode('opened', OPEN)
      else if (record.bidPrice === 2) onEpisode('closed', CLOSED)
      else throw new Error('broken')
    }
    return { funnel, take, pass: () => undefined }
  }
  const detect: Detect = joinDetect({
    version: '1.2.3',
    recorder,
    events: createEvents(pino({ level: 'silent' }), counts),
    registry,
    detect: isOn ? { createEngine, settings: { minProfit: 5 } } : undefined,
    storeOpportunities: (found) => {
      stored.push(...found)
      return Promise.resolve()
    },
    onEpisode: (change, { id }: Episode) => told.push([change, id]),
    giveUp: new AbortController().signal,
  })
  recorder.begin()
  const instrument = recorder.instrumentOf(STOCK)
  const bid = (price: number) => recorder.tick(quote(price, instrument), START_US)
  const metric = async (name: string) => {
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(`tapedeck_arbitrage_${name}`))
    return Object.fromEntries(
      lines.map((line) => [line.slice('tapedeck_arbitrage_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }
  return { recorder, detect, bid, stored, told, engines, metric }
}

describe('the detectors of a recording', () => {
  it('see every record, and what they find is shown, counted, told and stored', async () => {
    const { detect, bid, stored, told, engines, metric } = await rig()
    bid(1)
    expect(detect.page()).toMatchObject({ state: 'watching', open: [], queue: { records: 4 } })
    await vi.waitFor(() => expect(detect.page().open).toMatchObject([{ id: OPEN.id }]), PATIENTLY)
    expect(await metric('episodes_open')).toEqual({ 'episodes_open{certainty="guaranteed"}': 1, 'episodes_open{certainty="expected"}': 0 })
    expect(await metric('best')).toEqual({ best_profit: 46, best_edge_per_share: 0.23 })
    detect.prepared()
    bid(2)
    await detect.finish()
    expect(engines).toEqual([['session', 'config', 'contract', 'quote', 'quote']])
    expect(detect.page()).toMatchObject({ version: '1.2.3', open: [], closed: [{ id: CLOSED.id, ending: 'edge-gone' }] })
    expect(detect.page().funnel).toEqual({ quotes: 2, candidates: 0, opened: 0, refused: { carry: 4 } })
    expect(detect.funnel()?.quotes).toBe(2)
    expect(told).toEqual([
      ['opened', OPEN.id],
      ['closed', CLOSED.id],
    ])
    expect(stored).toEqual([{ episode: CLOSED, settings: { minProfit: 5 } }])
    expect(await metric('refused')).toEqual({ 'refused_total{detector="conversion",reason="carry"}': 4 })
    expect(await metric('quotes')).toEqual({ quotes_total: 2 })
    expect(await metric('lifetime_seconds_sum')).toEqual({ lifetime_seconds_sum: 2 })
    expect(await metric('best')).toEqual({ best_profit: 0, best_edge_per_share: 0 })
    expect(Object.values(await metric('lag_seconds_count'))[0]).toBeGreaterThan(0)
  })

  it('begin anew with the next session when they have failed, and show nothing as open that nobody watches', async () => {
    const { recorder, detect, bid, engines, metric } = await rig()
    bid(1)
    bid(3)
    bid(1)
    await vi.waitFor(() => expect(detect.page().state).toBe('failed'), PATIENTLY)
    expect(await metric('state')).toMatchObject({ 'state{state="failed"}': 1, 'state{state="watching"}': 0 })
    await recorder.end('test')
    recorder.begin()
    expect(detect.page()).toMatchObject({ state: 'watching', open: [] })
    bid(1)
    await vi.waitFor(() => expect(detect.page().open).toHaveLength(1), PATIENTLY)
    expect(engines[1]).toEqual(['session', 'config', 'contract', 'quote'])
  })

  it('are not there when they are off', async () => {
    const { detect, bid, engines, metric } = await rig(false)
    bid(1)
    detect.prepared()
    await detect.finish()
    expect([detect.page().state, detect.funnel(), engines, await metric('')]).toEqual(['off', undefined, [], {}])
  })
})
