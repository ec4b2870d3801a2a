/** The traps that backtests fall into. Each is passed by the engine, and each catches an engine that was broken to fall into it. */

import { describe, expect, it } from 'vitest'

import { contractRecord, Engine, type EngineOptions } from '../../../../backtester/engine/engine.ts'
import { ibFixed } from '../../../../backtester/engine/models/fees/ib.ts'
import { fixed } from '../../../../backtester/engine/models/financing/financing.ts'
import { linear } from '../../../../backtester/engine/models/slippage/slippage.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import {
  doesNotSeeGaps,
  expiresByToday,
  feesPerShare,
  FillsOnSignalBar,
  hearsOfDividendsLate,
  ignores,
  isDeafTo,
  LooksAhead,
} from '../../../fixtures/broken-engine/broken-engines.ts'
import { at, CALL, type Desk, type DeskOptions, type MakeEngine, openDesk, option, plainModels, STOCK } from './engine-desk.ts'

interface Trap {
  title: string
  broken: MakeEngine
  /** Throws when the engine fell into it. */
  check: (open: (options?: DeskOptions) => Desk) => void
}

const market = (desk: Desk, side: 'buy' | 'sell', instrument: number, quantity: number) =>
  desk.context.orders.submit({ type: 'market', side, instrument, quantity })
const equity = ({ engine }: Desk) => fromUnits(engine.portfolio.equity)
const held = ({ engine }: Desk, instrument: number) => engine.portfolio.position(instrument)?.quantity ?? 0

/** What a round trip of 100 shares short for a night costs. */
function nightShort(open: (options?: DeskOptions) => Desk, models: Partial<EngineOptions['models']>): number {
  const desk = open({ models: { ...plainModels(), ...models } })
  desk.quote(STOCK, at('2024-03-05', 10), 50)
  market(desk, 'sell', STOCK, 100)
  desk.quote(STOCK, at('2024-03-06', 10), 50)
  return 1_000_000 - equity(desk)
}

const TRAPS: readonly Trap[] = [
  {
    title: 'what a strategy orders on a quote does not meet the quote before it',
    broken: (options) => new LooksAhead(options),
    check: (open) => {
      const desk = open({
        handlers: ({ orders }) => ({
          onQuote: ({ askPrice = 0 }) => {
            if (askPrice > 55) orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 1 })
          },
        }),
      })
      desk.quote(STOCK, at('2024-03-05', 10), 50)
      desk.quote(STOCK, at('2024-03-05', 11), 60)
      desk.quote(STOCK, at('2024-03-05', 12), 60)
      expect(desk.fills[0]?.price).toBe(60)
    },
  },
  {
    title: 'what is ordered on a bar trades at the open of the next one',
    broken: (options) => new FillsOnSignalBar(options),
    check: (open) => {
      const desk = open({
        handlers: ({ orders }) => ({ onBar: () => void orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 1 }) }),
      })
      desk.day(STOCK, '2024-03-05', { open: 10, close: 20 })
      desk.day(STOCK, '2024-03-06', { open: 21, close: 22 })
      expect(desk.fills[0]?.price).toBe(21)
    },
  },
  {
    title: 'an option of the past is traded until its own last day and settled then',
    broken: expiresByToday,
    check: (open) => {
      const desk = open()
      desk.engine.record(contractRecord(9, option({ expiry: '2014-06-21' }), 1))
      desk.quote(STOCK, at('2014-06-05', 10), 60)
      desk.quote(9, at('2014-06-05', 10), 10)
      market(desk, 'buy', 9, 1)
      desk.quote(STOCK, at('2014-06-20', 10), 61)
      expect(held(desk, 9)).toBe(1)
      desk.quote(STOCK, at('2014-06-23', 10), 61)
      expect([held(desk, 9), held(desk, STOCK)]).toEqual([0, 100])
    },
  },
  {
    title: 'a fee of a contract is taken once a contract',
    broken: feesPerShare,
    check: (open) => {
      const desk = open({ models: { ...plainModels(), fees: ibFixed() } })
      desk.quote(CALL, at('2024-03-05', 10), 2)
      market(desk, 'buy', CALL, 10)
      desk.quote(CALL, at('2024-03-05', 11), 2)
      expect(equity(desk)).toBe(1_000_000 - 6.5)
    },
  },
  {
    title: 'fees cost what they say',
    broken: ignores('fees'),
    check: (open) => expect(nightShort(open, { fees: ibFixed() })).toBe(1),
  },
  {
    title: 'slippage costs what it says',
    broken: ignores('slippage'),
    check: (open) => expect(nightShort(open, { slippage: linear({ basisPoints: 20 }) })).toBe(10),
  },
  {
    title: 'borrowed shares cost what they say',
    broken: ignores('financing'),
    check: (open) => expect(nightShort(open, { financing: fixed({ credit: 0, debit: 0, borrow: 0.072 }) })).toBe(1),
  },
  {
    title: 'a position keeps its worth across a split',
    broken: isDeafTo('split'),
    check: (open) => {
      const desk = open()
      desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio: 10 })
      desk.day(STOCK, '2024-03-04', { close: 1000 })
      market(desk, 'buy', STOCK, 10)
      desk.day(STOCK, '2024-03-05', { close: 1000 })
      desk.day(STOCK, '2024-03-06', { close: 100 })
      expect([held(desk, STOCK), equity(desk)]).toEqual([100, 1_000_000])
    },
  },
  {
    title: 'a delisted symbol is worth what was paid for it, and not its last mark for ever',
    broken: isDeafTo('delisting'),
    check: (open) => {
      const desk = open()
      desk.engine.action({ kind: 'delisting', instrument: STOCK, lastDate: '2024-03-06', price: 0.1 })
      desk.day(STOCK, '2024-03-04', { close: 10 })
      market(desk, 'buy', STOCK, 100)
      desk.day(STOCK, '2024-03-05', { close: 10 })
      desk.day(STOCK, '2024-03-06', { close: 10 })
      desk.engine.finish()
      expect([held(desk, STOCK), equity(desk)]).toEqual([0, 1_000_000 - 990])
    },
  },
  {
    title: 'an order in a gap does not trade at the quote from before it, and the position that lived through it is named',
    broken: doesNotSeeGaps,
    check: (open) => {
      const desk = open()
      desk.quote(STOCK, at('2024-03-05', 10), 50)
      market(desk, 'buy', STOCK, 10)
      desk.quote(STOCK, at('2024-03-05', 10.5), 50)
      const tsUs = at('2024-03-05', 11)
      desk.engine.record({ kind: 'session', event: 'interrupted', tsUs, seq: 90, cause: 'cut', fromTsUs: tsUs - 1 })
      market(desk, 'sell', STOCK, 10)
      desk.quote(STOCK, at('2024-03-05', 12), 40)
      expect(desk.fills.map(({ price }) => price)).toEqual([50, 40])
      expect(desk.events).toEqual([{ kind: 'gap', instrument: STOCK, tsUs }])
    },
  },
  {
    title: 'a short call is assigned the evening before a dividend that exceeds its time value',
    broken: hearsOfDividendsLate,
    check: (open) => {
      const desk = open()
      desk.engine.action({ kind: 'dividend', instrument: STOCK, exDate: '2024-03-06', amount: 2 })
      desk.quote(STOCK, at('2024-03-05', 10), 60)
      desk.quote(CALL, at('2024-03-05', 10), 10.5)
      market(desk, 'buy', STOCK, 100)
      market(desk, 'sell', CALL, 1)
      desk.quote(STOCK, at('2024-03-06', 10), 58)
      // The shares were called away: no dividend is theirs.
      expect([held(desk, STOCK), held(desk, CALL), fromUnits(desk.engine.portfolio.income.dividend)]).toEqual([0, 0, 0])
    },
  },
]

describe('a backtest', () => {
  it.each(TRAPS)('$title', ({ check, broken }) => {
    check((options) => openDesk({ ...options, make: (given) => new Engine(given) }))
    expect(() => check((options) => openDesk({ ...options, make: broken }))).toThrow(
      expect.objectContaining({ name: 'AssertionError' }) as Error,
    )
  })
})
