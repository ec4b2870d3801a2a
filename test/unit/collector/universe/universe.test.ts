import { pino } from 'pino'
import { Subject } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { toIbContract } from '../../../../collector/ib/lookup/map-contract.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { LookUps } from '../../../../collector/ib/lookup/look-ups.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'
import { openUniverse, type UnderlyingSettings, type UniverseOptions } from '../../../../collector/universe/universe.ts'
import { type Contract, contractKey, describeContract } from '../../../../market/contract.ts'
import type { Tick } from '../../../../market/tick.ts'
import { usFromIso } from '../../../../market/time.ts'
import { type Listings, serveListings } from '../ib/lookup/listings.ts'
import { linkTo, twsFor } from '../ib/tws-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const LISTINGS: Listings = {
  stocks: { TWX: 4321, FOXA: 4322 },
  indices: { SPX: 416904 },
  chains: [
    {
      exchange: 'SMART',
      tradingClass: 'TWX',
      expirations: ['20140605', '20140606', '20140621', '20140804', '20140805'],
      strikes: [50, 65, 70, 75],
    },
  ],
  options: [50, 65, 70, 75].flatMap((strike) =>
    ['C', 'P'].flatMap((right) => [`20140606 ${strike} ${right} TWX`, `20140621 ${strike} ${right} TWX`]),
  ),
}
const TWX: UnderlyingSettings = { symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: { rangePercent: 20 }, expiryDays: 60 }
const TRADE: Tick = { kind: 'trade', seq: 0, tsUs: 0, instrument: 0, price: 70.4, source: 'last' }

async function universe(options: Partial<UniverseOptions> = {}) {
  const server = await twsFor((tws) => serveListings(tws, LISTINGS))
  const { link } = linkTo(server.port)
  await link.open()
  const logged: string[] = []
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void logged.push(JSON.parse(line)) })
  const contracts: Contract[] = []
  const instrumentOf = (contract: Contract) => {
    const known = contracts.findIndex((other) => contractKey(other) === contractKey(contract))
    return known >= 0 ? known : contracts.push(contract) - 1
  }
  const unheard = () => undefined
  const registry = new LineRegistry({
    onRequested: unheard,
    onWatched: unheard,
    onReleased: unheard,
    onOpened: unheard,
    onClosed: unheard,
    onRefused: unheard,
    onUnwanted: unheard,
    onLimit: unheard,
    onPaused: unheard,
    onResumed: unheard,
    onSettled: unheard,
    nowUs: () => 0,
  })
  registry.linkUp({
    newReqId: () => link.newReqId(),
    open: (reqId, { contract, feed }) =>
      feed
        ? link.openTickByTick(reqId, toIbContract(contract), feed === 'tick-by-tick-trades' ? 'trades' : 'quotes')
        : link.openLine(reqId, toIbContract(contract), ''),
    close: (reqId) => link.closeLine(reqId),
  })
  const ticks = new Subject<Tick>()
  const settings: UniverseOptions = {
    underlyings: [TWX],
    lines: 100,
    events: createEvents(logger, createCounts()),
    nowUs: () => usFromIso('2014-06-05T09:31:00-04:00'),
    wantedUs: 0,
    recorder: { instrumentOf, lineMissing: unheard, lineUnwanted: unheard },
    registry,
    ticks,
    lookUps: new LookUps(),
    discovered: new Map(),
    ...options,
  }
  const opened = openUniverse(link, settings)
  const again = (changed: Partial<UniverseOptions>) => openUniverse(link, { ...settings, ...changed })
  const tws = server.connections[0] ?? expect.unreachable()
  const requests = (id: number) => tws.requests.map(({ fields }) => fields).filter(([first]) => first === String(id))
  /** What lines were asked for, in order, by the names of their contracts. */
  const asked = async (lines: number) => {
    await vi.waitFor(() => expect(requests(1)).toHaveLength(lines), { timeout: 4000 })
    return requests(1).map((fields) => (fields[5] === 'OPT' ? `${fields[6]?.slice(4)} ${fields[7]} ${fields[8]}` : fields[4]))
  }
  return { opened, again, ticks, asked, requests, logged, tws, link, contracts }
}

describe('the universe', () => {
  it('opens the underlying first, waits for its price, and then its options, nearest the money first', async () => {
    const { opened, ticks, asked, requests, logged } = await universe()
    expect(await asked(1)).toEqual(['TWX'])
    await vi.waitFor(() => expect(requests(9)).toHaveLength(5), PATIENTLY)
    ticks.next({ ...TRADE, instrument: 7, price: 50 })
    ticks.next(TRADE)
    await opened

    expect(await asked(13)).toEqual([
      'TWX',
      '0606 70 C',
      '0606 70 P',
      '0621 70 C',
      '0621 70 P',
      '0606 75 C',
      '0606 75 P',
      '0621 75 C',
      '0621 75 P',
      '0606 65 C',
      '0606 65 P',
      '0621 65 C',
      '0621 65 P',
    ])
    // From the day in New York to sixty days on, both included.
    expect(requests(9).map((fields) => fields[6])).toEqual(['', '20140605', '20140606', '20140621', '20140804'])
    expect(logged).toEqual([expect.objectContaining({ msg: 'chain discovered', symbol: 'TWX', options: 16, chosen: 12 })])
  })

  it('keeps to its lines and says what is left out', async () => {
    const { opened, ticks, asked, logged } = await universe({ lines: 4 })
    ticks.next(TRADE)
    await asked(1)
    ticks.next(TRADE)
    await opened

    expect(await asked(4)).toEqual(['TWX', '0606 70 C', '0606 70 P', '0621 70 C'])
    expect(logged.at(-1)).toMatchObject({
      level: 40,
      wanted: 13,
      lines: 4,
      msg: expect.stringContaining('more contracts than market-data lines'),
    })
  })

  it('waits for no price when all strikes are wanted and fit', async () => {
    const { opened, asked, logged } = await universe({ underlyings: [{ ...TWX, strikes: 'all' }] })
    // All are asked for before the wait for a price could be over.
    expect(await asked(17)).toContain('0621 50 P')
    await opened
    expect(logged.map((line) => (line as unknown as { msg: string }).msg)).toEqual(['chain discovered'])
  })

  it('takes the middle of the chain when no price is to be had, and says so', async () => {
    const { opened, ticks, asked, requests, logged } = await universe({ lines: 5 })
    await vi.waitFor(() => expect(requests(9)).toHaveLength(5), PATIENTLY)
    ticks.complete()
    await opened

    expect(await asked(5)).toEqual(['TWX', '0606 70 C', '0606 70 P', '0621 70 C', '0621 70 P'])
    expect(logged).toContainEqual(expect.objectContaining({ symbol: 'TWX', msg: expect.stringContaining('no last trade') }))
  })

  it('shares its lines among the underlyings, and goes on without one that the gateway does not know', async () => {
    const names = ['TWX', 'NONE', 'FOXA']
    const { opened, asked, logged, contracts } = await universe({
      underlyings: names.map((symbol) => ({ ...TWX, symbol, strikes: 'all' })),
      lines: 100,
    })
    await opened

    const lines = await asked(2 + 16 + 16)
    expect(lines.slice(0, 2)).toEqual(['TWX', 'FOXA'])
    expect(
      contracts
        .filter(({ kind }) => kind === 'option')
        .slice(0, 4)
        .map(describeContract),
    ).toEqual(['TWX 2014-06-06 70 C', 'FOXA 2014-06-06 70 C', 'TWX 2014-06-06 70 P', 'FOXA 2014-06-06 70 P'])
    // A refusal may be a passing one.
    expect(logged[0]).toMatchObject({ level: 40, symbol: 'NONE', msg: expect.stringContaining('asked again in a minute') })
  })

  it('asks for the trades and the quotes of its underlyings tick by tick, in their order, before the options', async () => {
    const { opened, asked, requests, tws } = await universe({
      underlyings: [
        { ...TWX, strikes: 'all', tickByTick: true },
        { ...TWX, symbol: 'FOXA', strikes: 'all' },
      ],
    })
    await opened
    await asked(2 + 16 + 16)
    expect(requests(97).map((fields) => [fields[3], fields[14]])).toEqual([
      ['TWX', 'AllLast'],
      ['TWX', 'BidAsk'],
    ])
    const order = tws.requests.map(({ fields }) => fields[0]).filter((id) => id === '1' || id === '97')
    expect(order.slice(0, 5)).toEqual(['1', '1', '97', '97', '1'])
  })

  it('leaves alone what a change of the settings does not concern, and closes and opens the rest', async () => {
    const twx: UnderlyingSettings = { ...TWX, strikes: 'all' }
    const { opened, again, asked, requests } = await universe({ underlyings: [twx] })
    await opened
    await asked(1 + 16)
    const cancelled = () => requests(2).map((fields) => fields[2])
    const idsOf = (symbol: string) =>
      requests(1)
        .filter((fields) => fields[4] === symbol)
        .map((fields) => fields[2])
    // What does not exist is asked for again until that is certain.
    expect([await again({ underlyings: [twx] }), await again({ underlyings: [twx] })].map((round) => round.again)).toEqual([true, false])
    const lookUps = requests(9).length

    await again({ underlyings: [twx, { ...twx, symbol: 'FOXA' }] })
    expect((await asked(2 * 17)).filter((name) => name === 'TWX' || name === 'FOXA')).toEqual(['TWX', 'FOXA'])
    expect(idsOf('TWX')).toHaveLength(17)
    expect(
      requests(9)
        .slice(lookUps)
        .map((fields) => fields[4]),
    ).not.toContain('TWX')

    await again({ underlyings: [twx] })
    await vi.waitFor(() => expect(new Set(cancelled())).toEqual(new Set(idsOf('FOXA'))), PATIENTLY)
    expect(requests(1)).toHaveLength(2 * 17)

    await again({ underlyings: [{ ...twx, expiryDays: 3 }] })
    await vi.waitFor(() => expect(cancelled()).toHaveLength(17 + 8), PATIENTLY)
    const gone = new Set(cancelled())
    expect(
      requests(1)
        .filter((fields) => !gone.has(fields[2] ?? ''))
        .map((fields) => fields[6]),
    ).toEqual(['', ...Array(8).fill('20140606')])
    expect(requests(1)).toHaveLength(2 * 17)
  })

  it('forgets the chains of settings that have changed', async () => {
    const discovered: UniverseOptions['discovered'] = new Map()
    const underlyings = [{ ...TWX, strikes: 'all' as const }]
    const { opened, again } = await universe({ underlyings, discovered })
    await opened
    await again({ underlyings: [...underlyings, { ...TWX, symbol: 'FOXA', strikes: 'all' }] })
    expect([...discovered.values()].map(({ settings }) => settings.symbol)).toEqual(['TWX', 'FOXA'])
    await again({ underlyings })
    expect([...discovered.values()].map(({ settings }) => settings.symbol)).toEqual(['TWX'])
  })

  it('gives lines up, farthest from the money first, when fewer may be used, and when a new stock needs one', async () => {
    const twx: UnderlyingSettings = { ...TWX, strikes: 'all' }
    const { opened, again, ticks, asked, requests, contracts, logged } = await universe({ underlyings: [twx], lines: 10 })
    await asked(1)
    ticks.next(TRADE)
    await opened
    await asked(10)
    const held = () => {
      const gone = new Set(requests(2).map((fields) => fields[2]))
      return requests(1).filter((fields) => !gone.has(fields[2] ?? ''))
    }
    await again({ underlyings: [twx], lines: 5 })
    await vi.waitFor(() => expect(held().map((fields) => fields[7])).toEqual(['', '70', '70', '70', '70']), PATIENTLY)
    expect(logged).not.toContainEqual(expect.objectContaining({ msg: expect.stringContaining('no last trade') }))

    const second = again({ underlyings: [twx, { ...twx, symbol: 'FOXA' }], lines: 5 })
    await vi.waitFor(() => expect(held().map((fields) => fields[4])).toEqual(['TWX', 'TWX', 'TWX', 'TWX', 'FOXA']), PATIENTLY)
    ticks.next({ ...TRADE, instrument: contracts.findIndex(({ symbol }) => symbol === 'FOXA') })
    await second
    await vi.waitFor(() => expect(held().map((fields) => fields[4])).toEqual(['TWX', 'TWX', 'TWX', 'FOXA', 'FOXA']), PATIENTLY)
  })

  it('gives a symbol up after three refusals, at times at which the gateway knew another one', async () => {
    const underlyings = ['TWX', 'NONE'].map((symbol): UnderlyingSettings => ({ ...TWX, symbol, strikes: 'all', expiryDays: 1 }))
    const { opened, again, asked, requests, logged } = await universe({ underlyings })
    const about = (symbol: string) => requests(9).filter((fields) => fields[4] === symbol && fields[5] === 'STK').length
    expect(await opened).toEqual({ known: 1, again: true })
    // The others are recorded meanwhile.
    expect((await asked(9))[0]).toBe('TWX')
    expect([about('TWX'), about('NONE')]).toEqual([1, 1])
    expect(await again({ underlyings })).toEqual({ known: 1, again: true })
    expect(await again({ underlyings })).toEqual({ known: 1, again: false })
    // The known one was asked for as a witness.
    expect([about('TWX'), about('NONE')]).toEqual([3, 3])
    expect(await again({ underlyings })).toEqual({ known: 1, again: false })
    expect([about('TWX'), about('NONE')]).toEqual([3, 3])
    expect(requests(1)).toHaveLength(9)
    const said = logged as unknown as { level: number; symbol: string; msg: string }[]
    expect(said.filter(({ symbol }) => symbol === 'NONE')).toEqual([
      { level: 40, symbol: 'NONE', kind: 'stock', msg: expect.stringContaining('asked again in a minute') },
      { level: 50, symbol: 'NONE', kind: 'stock', msg: 'the gateway knows no such underlying; check universe.underlyings' },
    ])
  })

  it('asks for its underlyings for ever while the gateway knows none of them', async () => {
    const { opened, again, requests } = await universe({ underlyings: [{ ...TWX, symbol: 'NONE' }] })
    expect(await opened).toEqual({ known: 0, again: true })
    for (let i = 0; i < 5; i++) expect(await again({})).toEqual({ known: 0, again: true })
    expect(requests(9)).toHaveLength(6)
    expect(requests(1)).toEqual([])
  })

  it('of an index is its values and its options, with nothing tick by tick', async () => {
    const spx: UnderlyingSettings = { ...TWX, symbol: 'SPX', kind: 'index', strikes: 'all', tickByTick: true }
    const { opened, asked, requests, contracts } = await universe({ underlyings: [spx] })
    await opened
    expect((await asked(17))[0]).toBe('SPX')
    expect(requests(1)[0]?.slice(4, 11)).toEqual(['SPX', 'IND', '', '', '', '', 'CBOE'])
    expect(requests(78)[0]?.slice(2, 5)).toEqual(['SPX', '', 'IND'])
    expect(requests(97)).toEqual([])
    expect(contracts[0]).toMatchObject({ kind: 'index', venue: 'CBOE' })
  })

  it('can be asked for again when the link is lost on the way', async () => {
    const { opened, link } = await universe()
    const settled = opened.catch((error: unknown) => error)
    // Before the first answer can have come.
    link.close()

    expect(await settled).toMatchObject({ name: 'FeedError', code: 'gateway-lost', retryable: true })
  })
})
