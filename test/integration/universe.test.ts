/** The universe as a replay gateway serves it: what does not exist, what is left out, and what is too much. No database. */

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { formatUniverse } from '../../cli/universe-table.ts'
import { universePageSchema } from '../../collector/universe/page.ts'
import { joinFeed } from '../../collector/topology.ts'
import { createGatewayClock } from '../../collector/record/clock.ts'
import type { UnderlyingSettings } from '../../collector/universe/universe.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { CONTRACTS, OPEN_US, quoteAt, type TapeRoom, tapeOf, tapeRoom, twxOption } from '../support/gateway/gateway-tape.ts'
import { unexpected } from '../support/unexpected.ts'
import { PATIENTLY } from '../support/waiting.ts'
import { temporaryFolder } from '../unit/collector/journal/journal-support.ts'
import { recordingIn } from '../unit/collector/topology-support.ts'

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const TWX: UnderlyingSettings = { symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 60 }
/** Ends the wait for a price. */
const TRADE: TapeRecord = { kind: 'trade', seq: 0, tsUs: OPEN_US + 1, instrument: 0, price: 70.02, size: 100, source: 'import' }
/** Beside the pairs of expiry and strike that exist, their product has two that do not. */
const ADJUSTED: Contract = { ...twxOption({ expiry: '2014-06-21', strike: 68, right: 'C' }), tradingClass: 'TWX1' }
const LISTED: Contract[] = [...CONTRACTS, { kind: 'stock', symbol: 'FOXA', currency: 'USD' }, ADJUSTED]

/** A collector without a writer, on a gateway that serves `LISTED`. */
async function discovering(underlyings: UnderlyingSettings[], lines = 100) {
  const { port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 3], [70.05, 4]), TRADE], LISTED), { publishTime: true })
  const { logged, ...recording } = recordingIn(await temporaryFolder(), createGatewayClock())
  const topology = joinFeed({
    feed: { host: '127.0.0.1', port, clientId: 5, handshakeTimeoutMs: 8000, heartbeatMs: 60_000, messagesPerSecond: 1000, lines: 100 },
    marketDataType: 1,
    genericTicks: [],
    ...recording,
    universe: { underlyings, lines },
    lineDelays: { refusedMs: 20 },
    onBroken: unexpected,
    startedMs: performance.now(),
    onBegun: () => undefined,
    onEndOfTape: () => undefined,
  })
  onTestFinished(async () => {
    await topology.stop()
    await topology.sessions.end('test')
  })
  topology.sessions.start()
  topology.feed.start()
  const page = () => universePageSchema.parse(topology.discovery.page(true))
  return { page, logged }
}

it('has the pairs of expiry and strike that exist, and says what it leaves out', async () => {
  const { page, logged } = await discovering([{ ...TWX, rights: 'calls' }])
  await vi.waitFor(() => expect(page().underlyings[0]).toMatchObject({ state: 'complete', wanted: 2, withLine: 2 }), PATIENTLY)
  expect(page().underlyings).toMatchObject([
    {
      leftOut: { right: 1 },
      unasked: { adjusted: 1 },
      expiries: [
        { expiry: '2014-06-21', tradingClass: 'TWX', wanted: 1, leftOut: { right: 1 } },
        { expiry: '2014-07-19', tradingClass: 'TWX', wanted: 1, leftOut: {} },
      ],
    },
  ])
  const contracts = page().underlyings[0]?.contracts?.map(({ strike, right, reason }) => `${strike} ${right} ${reason}`)
  expect(contracts?.toSorted()).toEqual(['70 C null', '70 P right', '72.5 C null'])
  expect(logged).toContainEqual(expect.objectContaining({ symbol: 'TWX', tradingClasses: ['TWX1 x 100'] }))
})

it('goes on without a symbol that is unknown and with an underlying that has no options, and names both', async () => {
  const { page } = await discovering(['TWX', 'NONE', 'FOXA'].map((symbol) => ({ ...TWX, symbol })))
  await vi.waitFor(
    () =>
      expect(page().underlyings.map(({ symbol, state }) => `${symbol} ${state}`)).toEqual([
        'TWX complete',
        'NONE unknown',
        'FOXA no-options',
      ]),
    PATIENTLY,
  )
  const text = formatUniverse(page())
  expect(text).toContain('5 contracts are wanted, on 100 market-data lines.')
  expect(text).toContain('NONE stock: the gateway knows no such underlying')
  expect(text).toContain('FOXA stock: the gateway knows no options of it')
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
})

it('says with figures that there are more contracts than lines', async () => {
  const { page } = await discovering([TWX], 2)
  await vi.waitFor(() => expect(page().underlyings[0]?.state).toBe('complete'), { timeout: PATIENTLY.timeout + 5000 })
  expect(page()).toMatchObject({ wanted: 4, lines: 2, roundMs: 45_000 })
  expect(formatUniverse(page())).toContain('taking turns of 15 s, each option could be seen once in 45 s at best')
  const huge = { ...page(), wanted: 200_001, lines: 100, roundMs: Math.ceil(200_000 / 99) * 15_000 }
  expect(formatUniverse(huge).replaceAll('\n', ' ')).toContain('which is longer than a session: they cannot all be covered')
  expect(formatUniverse({ ...huge, roundMs: null }).replaceAll('\n', ' ')).toContain('no option can be recorded')
})
