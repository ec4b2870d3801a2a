/** The rooms joined: what becomes of the universe on later days. */

import { expect, it, onTestFinished, vi } from 'vitest'
import { type CollectorClock, createWallClock } from '../../../collector/record/clock.ts'
import type { StrikeRange } from '../../../collector/universe/select.ts'
import type { TwsConnection } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { serveListings } from './ib/lookup/listings.ts'
import { collectorOn } from './topology-support.ts'

const DAY_MS = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
const [SOON, LATER, NEW] = [inDays(3), inDays(30), inDays(33)] as const
const NONE = 'No security definition has been found for the request'

/** A week is longer than any time without a trading day. */
async function overAWeek({ refused = '', strikes = 'all' }: { refused?: string; strikes?: StrikeRange } = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const wall = createWallClock()
  let aheadUs = 0
  const clock: CollectorClock = { ...wall, nowUs: () => wall.nowUs() + aheadUs, usAt: (ms) => wall.usAt(ms) + aheadUs }
  const listings = {
    stocks: { TWX: 4321 },
    chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: [SOON, LATER], strikes: [70] }],
    options: [`${SOON} 70 C TWX`, `${LATER} 70 C TWX`],
  }
  const definitions = { areAway: false, areMute: false }
  /** The expiry whose line is refused. */
  const subscription = { missing: refused }
  const script = async (tws: TwsConnection) => {
    const request = tws.request.bind(tws)
    tws.request = async (id) => {
      for (;;) {
        const fields = await request(id)
        if (id === 9 && definitions.areMute) continue
        if (id !== 9 || !definitions.areAway) return fields
        tws.send(4, 2, fields[2] ?? '', 200, NONE, '')
      }
    }
    void serveListings(tws, listings)
    for (;;) {
      const [, , reqId = '', , , , expiry] = await request(1)
      if (expiry !== '' && expiry === subscription.missing) tws.send(4, 2, reqId, 354, 'Requested market data is not subscribed.', '')
      else tws.send(58, 1, reqId, 1)
    }
  }
  const underlying = { symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes, expiryDays: 60 }
  const options = { universe: { underlyings: [underlying], lines: 100 }, lineDelays: { refusedMs: 20 } }
  const { tws, linesOpen, topology, counts } = await collectorOn(clock, script, options)
  const gateway = await tws(0)
  if (strikes !== 'all') await linesOpen(1)
  else await linesOpen(refused ? 2 : 3)
  const sent = (id: number) => gateway.requests.map(({ fields }) => fields).filter(([first]) => first === String(id))
  /** IB lists one expiry more by then. */
  const aWeekLater = () => {
    listings.chains[0]?.expirations.push(NEW)
    listings.options.push(`${NEW} 70 C TWX`)
    aheadUs = 7 * DAY_MS * 1000
    vi.advanceTimersByTime(60_000)
  }
  const { lines } = topology.supply
  const wanted = () => lines.all.map(({ contract }) => ('expiry' in contract ? contract.expiry.replaceAll('-', '') : ''))
  return { gateway, counts, listings, sent, lines, wanted, definitions, subscription, aWeekLater, linesOpen }
}

it('new expiries get lines ahead of the next trading day, expired ones lose theirs, and the others are left alone', async () => {
  const { sent, wanted, aWeekLater } = await overAWeek()
  expect(wanted()).toEqual(['', SOON, LATER])
  aWeekLater()
  await vi.waitFor(() => expect(wanted()).toEqual(['', LATER, NEW]), PATIENTLY)
  await vi.waitFor(() => expect(sent(1).map((fields) => fields[6])).toEqual(['', SOON, LATER, NEW]), PATIENTLY)
  await vi.waitFor(() => expect(sent(2).map((fields) => fields[2])).toEqual([sent(1)[1]?.[2]]), PATIENTLY)
  // Once for each day.
  expect(sent(78)).toHaveLength(2)
})

it('while the definitions are away, what was known keeps its lines', async () => {
  const { sent, wanted, definitions, aWeekLater } = await overAWeek()
  definitions.areAway = true
  const before = sent(9).length
  aWeekLater()
  // Three rounds, each of which ends with the underlying as a witness.
  await vi.waitFor(() => expect(sent(9).length).toBeGreaterThan(before + 9), PATIENTLY)
  expect(wanted()).toEqual(['', LATER])
  definitions.areAway = false
  await vi.waitFor(() => expect(wanted()).toEqual(['', LATER, NEW]), PATIENTLY)
  await vi.waitFor(() => expect(sent(1).map((fields) => fields[6])).toEqual(['', SOON, LATER, NEW]), PATIENTLY)
})

it('expired ones lose their lines though no chain is answered', async () => {
  const { wanted, definitions, aWeekLater } = await overAWeek()
  definitions.areMute = true
  aWeekLater()
  await vi.waitFor(() => expect(wanted()).toEqual(['', LATER]), PATIENTLY)
})

it('a line that was given up is asked for once more', async () => {
  const { sent, lines, subscription, aWeekLater, linesOpen } = await overAWeek({ refused: LATER })
  const asked = () => sent(1).filter((fields) => fields[6] === LATER)
  // Its contract's symbol is served: it is tried three times more.
  await vi.waitFor(() => expect(lines.all[2]).toMatchObject({ state: 'refused', retries: 3 }), PATIENTLY)
  expect(asked()).toHaveLength(4)
  subscription.missing = ''
  aWeekLater()
  await linesOpen(3)
  expect(asked()).toHaveLength(5)
})

it('strikes are chosen around the price of that day', async () => {
  const { gateway, counts, listings, sent, lines, aWeekLater, linesOpen } = await overAWeek({ strikes: { rangePercent: 10 } })
  const trade = (price: number) => gateway.send(1, 6, sent(1)[0]?.[2] ?? '', 4, price, 3, 0)
  const strikes = () => lines.all.flatMap(({ contract }) => ('strike' in contract ? contract.strike : []))
  trade(70.4)
  await linesOpen(3)
  expect(strikes()).toEqual([70, 70])
  trade(88.8)
  await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
  listings.options.push(`${LATER} 90 C TWX`)
  aWeekLater()
  await vi.waitFor(() => expect(strikes()).toEqual([90]), PATIENTLY)
})
