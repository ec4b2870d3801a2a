/** The rooms joined: what becomes of the universe on later days. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it, onTestFinished, vi } from 'vitest'
import { type CollectorClock, createWallClock } from '../../../collector/record/clock.ts'
import { ChainFile } from '../../../collector/universe/chain-file.ts'
import type { StrikeRange } from '../../../collector/universe/select.ts'
import type { TwsConnection } from '../../support/gateway/scripted-tws.ts'
import { unexpected } from '../../support/unexpected.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { temporaryFolder } from './journal/journal-support.ts'
import { serveListings } from './ib/lookup/listings.ts'
import { collectorOn } from './topology-support.ts'

const DAY_MS = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
const [SOON, LATER, NEW] = [inDays(3), inDays(30), inDays(33)] as const
const NONE = 'No security definition has been found for the request'

/** A week is longer than any time without a trading day. */
async function overAWeek({
  refused = '',
  strikes = 'all',
  chainFile,
}: {
  refused?: string
  strikes?: StrikeRange
  chainFile?: ChainFile
} = {}) {
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
  const options = { universe: { underlyings: [underlying], lines: 100 }, lineDelays: { refusedMs: 20 }, chainFile }
  const { tws, linesOpen, topology, counts, recorder, finish } = await collectorOn(clock, script, options)
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
  return { gateway, counts, recorder, finish, listings, sent, lines, wanted, definitions, subscription, aWeekLater, linesOpen }
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

it('a contract with another number after a corporate action is asked for under that, and the ledger names the change', async () => {
  const { gateway, sent, lines, listings, aWeekLater, recorder, finish, linesOpen } = await overAWeek()
  for (const fields of sent(1)) gateway.send(1, 6, fields[2] ?? '', 1, 70.5, 3, 1)
  await vi.waitFor(() => expect(lines.all.every(({ hasData }) => hasData)).toBe(true), PATIENTLY)
  const conIds = () => sent(1).map((fields) => fields[3])
  expect(conIds()).toEqual(['4321', '1000', '1001'])
  listings.stocks.TWX = 4999
  listings.options.unshift(`${NEW} 99 C OTHER`)
  aWeekLater()
  // The stock, the one that has not expired, and the new one.
  await vi.waitFor(() => expect(new Set(conIds().slice(3))).toEqual(new Set(['4999', '1002', '1003'])), PATIENTLY)
  await linesOpen(3)
  expect(recorder.contractOf(0)?.conId).toBe(4999)
  // Under the old number nothing more is expected: it is cancelled.
  expect(sent(2).map((fields) => fields[2])).toContain(sent(1)[0]?.[2])
  const [records] = await finish()
  const closed = records?.flatMap((record) => (record.kind === 'line' && record.event === 'closed' ? [record] : []))
  expect(closed?.filter(({ cause }) => cause === 'contract-renumbered').map(({ instrument }) => instrument)).toEqual([0, 2])
})

it('strikes follow a price that moves in the day, and the chain is searched again where it leaves all that are known', async () => {
  const { gateway, counts, listings, sent, lines, linesOpen } = await overAWeek({ strikes: { rangePercent: 10 } })
  const trade = async (price: number) => {
    const received = counts.received
    gateway.send(1, 6, sent(1)[0]?.[2] ?? '', 4, price, 3, 0)
    await vi.waitFor(() => expect(counts.received).toBe(received + 1), PATIENTLY)
    vi.advanceTimersByTime(60_000)
  }
  const strikes = () => lines.all.flatMap(({ contract }) => ('strike' in contract ? contract.strike : []))
  gateway.send(1, 6, sent(1)[0]?.[2] ?? '', 4, 70, 3, 0)
  await linesOpen(3)
  expect([sent(78).length, sent(9).length]).toEqual([1, 3])
  listings.options.push(`${LATER} 74 C TWX`)
  // Beyond the strikes that are known: they are searched again.
  await trade(71)
  await vi.waitFor(() => expect(strikes()).toEqual([70, 70, 74]), PATIENTLY)
  expect(sent(78)).toHaveLength(2)
  // Back, and beyond the new ones: not again within half an hour, but far enough for other strikes of the range.
  await trade(70.2)
  await trade(79)
  await vi.waitFor(() => expect(strikes()).toEqual([74]), PATIENTLY)
  await trade(80)
  expect(sent(78)).toHaveLength(2)
})

it('a collector that is started again on the same day asks for its lines at once, and for no contract', async () => {
  const dataDir = await temporaryFolder()
  const chainFile = () => new ChainFile({ dataDir, gateway: 'test:1', onError: unexpected })
  const first = await overAWeek({ chainFile: chainFile() })
  await vi.waitFor(() => access(join(dataDir, 'chains.json')), PATIENTLY)
  const second = await overAWeek({ chainFile: chainFile() })
  expect(second.wanted()).toEqual(first.wanted())
  expect([...second.sent(9), ...second.sent(78)]).toEqual([])
  expect(second.sent(1).map((fields) => fields[3])).toEqual(first.sent(1).map((fields) => fields[3]))
  // The next day it searches.
  second.aWeekLater()
  await vi.waitFor(() => expect(second.wanted()).toEqual(['', LATER, NEW]), PATIENTLY)
  expect(second.sent(78)).toHaveLength(1)
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
  const { sent, lines, subscription, aWeekLater } = await overAWeek({ refused: LATER })
  const asked = () => sent(1).filter((fields) => fields[6] === LATER)
  // Its contract's symbol is served: it is tried three times more.
  await vi.waitFor(() => expect(lines.all[2]).toMatchObject({ state: 'refused', retries: 3 }), PATIENTLY)
  expect(asked()).toHaveLength(4)
  subscription.missing = ''
  aWeekLater()
  // By instrument: the stock may have been silent for too long by then, in a session.
  await vi.waitFor(() => expect(lines.all.find(({ instrument }) => instrument === 2)).toMatchObject({ state: 'open' }), PATIENTLY)
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
