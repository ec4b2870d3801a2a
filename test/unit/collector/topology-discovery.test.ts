/** The rooms joined: a gateway whose definitions are away says 200 (no security definition) of contracts that exist. */

import { expect, it, onTestFinished, vi } from 'vitest'
import { contractKey } from '../../../market/contract.ts'
import { createWallClock } from '../../../collector/record/clock.ts'
import type { UnderlyingSettings } from '../../../collector/universe/universe.ts'
import { greet, type TwsConnection } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { optionDetails, serveListings } from './ib/lookup/listings.ts'
import { collectorOn, reqIdsOf } from './topology-support.ts'

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
/** Within the days that are recorded. */
const EXPIRY = inDays(30)
const LISTINGS = {
  stocks: { TWX: 4321, FOXA: 4322 },
  chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: [EXPIRY], strikes: [70] }],
  options: [`${EXPIRY} 70 C TWX`],
}
const underlying = (symbol: string): UnderlyingSettings => ({ symbol, currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 60 })
const universe = (...symbols: string[]) => ({ underlyings: symbols.map(underlying), lines: 100 })
const isAbout = (fields: string[], symbol: string) => fields[0] === '9' && fields[4] === symbol && fields[5] === 'STK'

/** Serves the listings, but refuses the first `times` questions about each of these symbols; accepts every line. */
function refusing(symbols: Record<string, number>) {
  const left = { ...symbols }
  return async (tws: TwsConnection) => {
    const request = tws.request.bind(tws)
    tws.request = async (id) => {
      for (;;) {
        const fields = await request(id)
        const symbol = Object.keys(left).find((name) => isAbout(fields, name))
        if (symbol === undefined || (left[symbol] ?? 0) === 0) return fields
        left[symbol] = (left[symbol] ?? 0) - 1
        tws.send(4, 2, fields[2] ?? '', 200, 'No security definition has been found for the request', '')
      }
    }
    void serveListings(tws, LISTINGS)
    for (;;) tws.send(58, 1, (await request(1))[2] ?? '', 1)
  }
}

const AGAIN = { refusedMs: 20 }

it('a good symbol that is refused twice is recorded, and the others are meanwhile', async () => {
  const options = { universe: universe('TWX', 'FOXA'), lineDelays: AGAIN }
  const { tws, linesOpen, logged, finish } = await collectorOn(createWallClock(), refusing({ FOXA: 2 }), options)
  const gateway = await tws(0)
  await linesOpen(4)
  expect(reqIdsOf(gateway)).toHaveLength(4)
  expect(gateway.requests.filter(({ fields }) => isAbout(fields, 'FOXA'))).toHaveLength(3)
  const [records] = await finish()
  const contracts = records?.flatMap((record) => (record.kind === 'contract' ? record.contract : []))
  expect([...new Map(contracts?.map((contract) => [contractKey(contract), contract])).values()]).toMatchObject([
    { kind: 'stock', symbol: 'FOXA', conId: 4322 },
    { kind: 'stock', symbol: 'TWX' },
    { kind: 'option', symbol: 'TWX' },
    { kind: 'option', symbol: 'FOXA' },
  ])
  // From the begin of the recording on: first the stock is not found, then its line is not open.
  const [started] = records ?? []
  const stock = records?.filter((record) => record.kind === 'line' && record.instrument === 0 && record.feed === undefined)
  expect(stock?.slice(0, 3)).toMatchObject([
    { event: 'missing', cause: 'not-found-yet', untilTsUs: expect.any(Number) },
    { event: 'missing', cause: 'not-open-yet' },
    { event: 'opened' },
  ])
  expect(stock?.[0]?.kind === 'line' && stock[0].untilTsUs).toBeLessThanOrEqual(started?.tsUs ?? 0)
  expect(logged.filter(({ symbol, level }) => symbol === 'FOXA' && Number(level) >= 40)).toMatchObject([
    { level: 40, msg: expect.stringContaining('asked again in a minute') },
  ])
})

it('an underlying is missing while the gateway leaves the question for it without an answer', async () => {
  const { recorder, topology } = await collectorOn(createWallClock(), greet, { universe: universe('TWX') })
  await vi.waitFor(() => expect([...recorder.missing]).toHaveLength(1), PATIENTLY)
  const sinceUs = topology.coverage.startedUs
  expect([...recorder.missing]).toEqual([{ instrument: 0, cause: 'not-found-yet', sinceUs }])
  expect(recorder.contractOf(0)).toEqual({ kind: 'stock', symbol: 'TWX', currency: 'USD' })
})

it('a gateway that knows nothing is asked on and on, is no reason to end, and its universe is recorded once it is known', async () => {
  const options = { universe: universe('TWX'), lineDelays: AGAIN }
  const { tws, linesOpen, logged, topology } = await collectorOn(createWallClock(), refusing({ TWX: 10 }), options)
  const gateway = await tws(0)
  await linesOpen(2)
  expect(gateway.requests.filter(({ fields }) => isAbout(fields, 'TWX'))).toHaveLength(11)
  expect(topology.supply.lines.wanted).toBe(2)
  expect(logged.filter(({ msg }) => String(msg).includes('knows none of the underlyings'))).toMatchObject([{ level: 50, symbols: ['TWX'] }])
})

it('options that are known get lines while the rest of the chain is still looked for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const later = inDays(40)
  const held: (() => void)[] = []
  const script = async (tws: TwsConnection) => {
    const request = tws.request.bind(tws)
    tws.request = async (id) => {
      for (;;) {
        const fields = await request(id)
        const [, , reqId = ''] = fields
        if (fields[0] !== '9' || fields[6] !== later) return fields
        held.push(() => {
          tws.send(...optionDetails(reqId, 'TWX', `${later} 70 C TWX`, 7))
          tws.send(52, 1, reqId)
        })
      }
    }
    void serveListings(tws, {
      ...LISTINGS,
      chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: [EXPIRY, later], strikes: [70] }],
    })
    for (;;) tws.send(58, 1, (await request(1))[2] ?? '', 1)
  }
  const { tws, linesOpen, counts, topology, recorder, finish } = await collectorOn(createWallClock(), script, { universe: universe('TWX') })
  const gateway = await tws(0)
  await linesOpen(1)
  // The price on which strikes are centred.
  gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 4, 70.4, 3, 0)
  await vi.waitFor(() => expect([held.length, counts.received]).toEqual([1, 1]), PATIENTLY)
  vi.advanceTimersByTime(15_000)
  await linesOpen(2)
  expect(topology.supply.lines.wanted).toBe(2)
  // Named while it lasts, as the collector may not live to see the end.
  expect([...recorder.missing]).toMatchObject([{ instrument: 0, feed: 'option-chain', cause: 'not-found-yet' }])
  held[0]?.()
  await linesOpen(3)
  await vi.waitFor(() => expect([...recorder.missing]).toEqual([]), PATIENTLY)
  const [records] = await finish()
  const sinceUs = topology.coverage.startedUs
  const events = records?.flatMap((record) => (record.kind === 'line' ? record : []))
  expect(events?.filter(({ feed }) => feed === 'option-chain')).toMatchObject([
    { event: 'missing', cause: 'not-found-yet', untilTsUs: sinceUs },
    { event: 'missing', cause: 'config' },
  ])
  // What was found late was wanted from the begin on.
  for (const instrument of [0, 1, 2])
    expect(events?.find((event) => event.instrument === instrument && !event.feed)).toMatchObject({
      event: 'missing',
      cause: 'not-open-yet',
      untilTsUs: sinceUs,
    })
})

it('what a change of the settings adds is missing from the change on, and what it takes away is not missing any more', async () => {
  const options = { universe: universe('TWX', 'NONE'), lineDelays: AGAIN }
  const script = async (tws: TwsConnection) => {
    void serveListings(tws, LISTINGS)
    for (;;) tws.send(58, 1, (await tws.request(1))[2] ?? '', 1)
  }
  const { linesOpen, recorder, topology, finish } = await collectorOn(createWallClock(), script, options)
  await linesOpen(2)
  await vi.waitFor(() => expect([...recorder.missing]).toMatchObject([{ cause: 'refused: 200' }]), PATIENTLY)
  const changedUs = recorder.nowUs
  topology.discovery.configure(universe('TWX', 'FOXA'))
  await linesOpen(4)
  await vi.waitFor(() => expect([...recorder.missing]).toEqual([]), PATIENTLY)
  const [records] = await finish()
  const numberOf = (symbol: string) =>
    records?.flatMap((record) => (record.kind === 'contract' && record.contract.symbol === symbol ? record.instrument : []))[0]
  const eventsOf = (symbol: string) =>
    records?.flatMap((record) => (record.kind === 'line' && record.instrument === numberOf(symbol) && !record.feed ? record : []))
  expect(eventsOf('NONE')).toMatchObject([
    { event: 'missing', cause: 'not-found-yet', untilTsUs: topology.coverage.startedUs },
    { event: 'missing', cause: 'refused: 200' },
    { event: 'missing', cause: 'config' },
  ])
  const [added] = eventsOf('FOXA') ?? []
  expect(added).toMatchObject({ event: 'missing', cause: 'not-open-yet' })
  expect(added?.untilTsUs).toBeGreaterThanOrEqual(changedUs)
})

it('an index is recorded as what it is, with values and no quotes, and so are the trading classes of its options', async () => {
  const spx: UnderlyingSettings = { ...underlying('SPX'), kind: 'index', tickByTick: true }
  const listings = {
    stocks: {},
    indices: { SPX: 416904 },
    chains: ['SPX', 'SPXW'].map((tradingClass) => ({ exchange: 'SMART', tradingClass, expirations: [EXPIRY], strikes: [1900] })),
    options: ['SPX', 'SPXW'].map((tradingClass) => `${EXPIRY} 1900 C ${tradingClass}`),
  }
  const script = async (tws: TwsConnection) => {
    void serveListings(tws, listings)
    for (;;) tws.send(58, 1, (await tws.request(1))[2] ?? '', 1)
  }
  const { tws, linesOpen, counts, finish } = await collectorOn(createWallClock(), script, { universe: { underlyings: [spx], lines: 100 } })
  const gateway = await tws(0)
  await linesOpen(3)
  const [index = ''] = reqIdsOf(gateway)
  // An index has a last value, without a size.
  gateway.send(1, 6, index, 4, 1940.46, 0, 0)
  gateway.send(1, 6, index, 9, 1927.88, 0, 0)
  gateway.send(49, 1, 1)
  await vi.waitFor(() => expect(counts.received).toBeGreaterThanOrEqual(2), PATIENTLY)
  const [records] = await finish()

  expect(records?.flatMap((record) => (record.kind === 'contract' ? record.contract : []))).toMatchObject([
    { kind: 'index', symbol: 'SPX', venue: 'CBOE', conId: 416904 },
    { kind: 'option', symbol: 'SPX', tradingClass: 'SPX', strike: 1900 },
    { kind: 'option', symbol: 'SPX', tradingClass: 'SPXW', strike: 1900 },
  ])
  const ticks = records?.filter(
    (record) => 'instrument' in record && record.instrument === 0 && !['contract', 'line'].includes(record.kind),
  )
  expect(ticks?.map(({ kind }) => kind)).not.toContain('quote')
  expect(ticks).toContainEqual(expect.objectContaining({ kind: 'trade', price: 1940.46 }))
  expect(gateway.requests.filter(({ fields }) => fields[0] === '97')).toEqual([])
})

it('what was found is not asked for again over the next link', async () => {
  const options = { universe: universe('TWX', 'FOXA'), lineDelays: AGAIN }
  const { tws, linesOpen, topology } = await collectorOn(createWallClock(), refusing({ FOXA: 1_000_000 }), options)
  const first = await tws(0)
  await linesOpen(2)
  await vi.waitFor(() => expect(first.requests.filter(({ fields }) => isAbout(fields, 'FOXA')).length).toBeGreaterThanOrEqual(3), PATIENTLY)
  first.socket.destroy()
  const second = await tws(1)
  await linesOpen(2)
  expect(second.requests.filter(({ fields }) => fields[0] === '78')).toEqual([])
  expect(topology.supply.lines.marketData.open).toBe(2)
})
