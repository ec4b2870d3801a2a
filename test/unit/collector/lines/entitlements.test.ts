import { describe, expect, it } from 'vitest'
import { Entitlements, formatEntitlements, isEntitlement, isServedLive } from '../../../../collector/lines/entitlements.ts'
import type { WantedLine } from '../../../../collector/lines/line.ts'
import type { Contract } from '../../../../market/contract.ts'
import { option } from '../universe/options.ts'

const stock = (symbol: string): Contract => ({ kind: 'stock', symbol, currency: 'USD' })
const TWX: WantedLine = { instrument: 0, contract: stock('TWX') }
const FOXA: WantedLine = { instrument: 1, contract: stock('FOXA') }
const TWX_TRADES: WantedLine = { ...TWX, feed: 'tick-by-tick-trades' }
const OPTIONS: WantedLine[] = [65, 70, 75].map((strike, i) => ({ instrument: 2 + i, contract: option(strike) }))
const NOTHING = { asked: 0, live: 0, delayed: 0, partly: 0, refused: 0 }

function asked(...lines: WantedLine[]): Entitlements {
  const entitlements = new Entitlements()
  for (const line of lines) entitlements.asked(line)
  return entitlements
}

describe('the entitlements', () => {
  it('are counted by symbol and kind', () => {
    const entitlements = asked(TWX, TWX_TRADES, FOXA, ...OPTIONS)
    for (const line of [TWX, FOXA, ...OPTIONS]) entitlements.served(line)
    expect(entitlements.rows).toEqual([
      { symbol: 'TWX', kind: 'stock', ...NOTHING, asked: 1, live: 1, reasons: [] },
      { symbol: 'FOXA', kind: 'stock', ...NOTHING, asked: 1, live: 1, reasons: [] },
      { symbol: 'TWX', kind: 'option', ...NOTHING, asked: 3, live: 3, reasons: [] },
    ])
    expect(isServedLive(entitlements.rows)).toBe(true)
  })

  it('name what is refused, by code, with what to do about it', () => {
    const entitlements = asked(...OPTIONS)
    for (const line of OPTIONS.slice(0, 2)) entitlements.refused(line, 354, 'Requested market data is not subscribed')
    entitlements.refused(OPTIONS[2] ?? TWX, 10168, 'Delayed market data is not enabled')
    expect(entitlements.rows).toMatchObject([
      {
        refused: 3,
        reasons: [
          { code: 354, lines: 2, text: expect.stringContaining('subscribe to its market data') },
          { code: 10168, lines: 1, text: expect.stringContaining('gateway.marketDataType to delayed') },
        ],
      },
    ])
    expect(isServedLive(entitlements.rows)).toBe(false)
  })

  it("keep IB's words for a code that they do not know", () => {
    const entitlements = asked(TWX)
    entitlements.refused(TWX, 10999, 'Something new')
    expect(entitlements.rows[0]?.reasons).toEqual([{ code: 10999, lines: 1, text: 'Something new' }])
    expect([isEntitlement(10999), isEntitlement(354)]).toEqual([false, true])
  })

  it('count a line that is served in part on its own', () => {
    const entitlements = asked(TWX)
    entitlements.partly(TWX, 10090, 'Part of requested market data is not subscribed')
    entitlements.served(TWX, false)
    entitlements.served(TWX)
    expect(entitlements.rows).toMatchObject([{ live: 0, partly: 1, reasons: [{ code: 10090 }] }])
  })

  it('show delayed data that is recorded, and live data that comes after it', () => {
    const entitlements = asked(TWX)
    entitlements.partly(TWX, 10167, 'Displaying delayed market data')
    entitlements.served(TWX, true)
    entitlements.served(TWX)
    expect(entitlements.rows).toMatchObject([
      { delayed: 1, reasons: [{ code: 10167, text: expect.stringContaining('recorded, marked as delayed') }] },
    ])
    entitlements.served(TWX, false)
    expect(entitlements.rows).toMatchObject([{ delayed: 0, live: 1, reasons: [] }])
  })

  it('show delayed data that is not wanted, and how to have it', () => {
    const entitlements = asked(TWX, FOXA)
    entitlements.refusedDelayed(TWX)
    entitlements.partly(FOXA, 10167, 'Displaying delayed market data')
    entitlements.refusedDelayed(FOXA)
    const text = 'delayed only; set gateway.marketDataType to delayed to record it, marked as delayed'
    expect(entitlements.rows).toMatchObject([
      { symbol: 'TWX', refused: 1, reasons: [{ lines: 1, text }] },
      { symbol: 'FOXA', refused: 1, reasons: [{ code: 10167, lines: 1, text }] },
    ])
  })

  it('show tick-by-tick lines only where one is refused', () => {
    const entitlements = asked(TWX_TRADES, { ...TWX, feed: 'tick-by-tick-quotes' })
    expect(entitlements.rows).toEqual([])
    entitlements.refused(TWX_TRADES, 10190, 'Max number of tick-by-tick requests has been reached')
    expect(entitlements.rows).toMatchObject([{ symbol: 'TWX', kind: 'tick-by-tick', asked: 2, refused: 1, reasons: [{ code: 10190 }] }])
  })

  it('say nothing of a line that has no place or is not served for now', () => {
    const entitlements = asked(TWX, FOXA)
    entitlements.served(TWX)
    entitlements.forget(FOXA)
    expect(entitlements.rows).toMatchObject([{ symbol: 'TWX' }])
    expect(isServedLive(entitlements.rows)).toBe(true)
  })

  it('begin anew with every link', () => {
    const entitlements = asked(TWX)
    entitlements.clear()
    expect(entitlements.rows).toEqual([])
  })
})

it('the table of entitlements has one line for each row and reason', () => {
  const entitlements = asked(TWX, ...OPTIONS)
  entitlements.served(TWX)
  entitlements.refused(OPTIONS[0] ?? TWX, 1, 'one thing')
  entitlements.refused(OPTIONS[1] ?? TWX, 22, 'another')
  expect(formatEntitlements(entitlements.rows).split('\n')).toEqual([
    'symbol  kind    asked  live  delayed  partly  not  code  what to do',
    'TWX     stock       1     1        0       0    0',
    'TWX     option      3     0        0       0    2  1     one thing',
    '                                                   22    another',
  ])
})
