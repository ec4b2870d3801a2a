/** A recorded session of a stock and a few of its options, in which conversions open and close at known moments. */

import type { Contract, OptionContract, Right } from '../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'
import { FIRST_TS_US } from '../tape/ticks.ts'

const EXPIRY = '2014-07-19'
const STRIKES = [65, 70, 75]

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

/** Numbers of its instruments: the stock, then calls and puts by rising strike. */
const numberOf = (strike: number, right: Right, stock = 0) => stock + 1 + 2 * STRIKES.indexOf(strike) + (right === 'C' ? 0 : 1)

function option(symbol: string, strike: number, right: Right): OptionContract {
  return { kind: 'option', symbol, currency: 'USD', expiry: EXPIRY, strike, right, multiplier: 100, tradingClass: symbol }
}

function contractsOf(symbol: string): Contract[] {
  return [
    { kind: 'stock', symbol, currency: 'USD' },
    ...STRIKES.flatMap((strike) => [option(symbol, strike, 'C'), option(symbol, strike, 'P')]),
  ]
}

const quote = (instrument: number, bidPrice: number, askPrice: number, size = 10): Unstamped<Quote> => {
  return { kind: 'quote', instrument, bidPrice, askPrice, bidSize: size, askSize: size }
}

/** What is quoted at the start: nothing to be had. */
function healthy(stock: number): Unstamped<Quote>[] {
  const prices: [number, Right, number, number][] = [
    [65, 'C', 5.4, 5.6],
    [65, 'P', 0.35, 0.45],
    [70, 'C', 1.9, 2.1],
    [70, 'P', 1.9, 2.1],
    [75, 'C', 0.35, 0.45],
    [75, 'P', 5.4, 5.6],
  ]
  return [quote(stock, 69.99, 70.01, 2000), ...prices.map(([strike, right, bid, ask]) => quote(numberOf(strike, right, stock), bid, ask))]
}

/** The call of that strike is bid for too much, and then no more. */
function conversion(strike: number, bid: number, stock: number): Unstamped<Quote>[] {
  const call = numberOf(strike, 'C', stock)
  const before = healthy(stock).find(({ instrument }) => instrument === call) as Unstamped<Quote>
  return [quote(call, bid, bid + 0.1), quote(call, bid + 0.05, bid + 0.15, 20), before]
}

/**
 * Two underlyings, a second between records; the second minute begins when all of TWX is quoted and nothing of IBM. Of TWX the calls 70 and 65 are too dear one after the other, of IBM the call 70, which is
 * still so at the end unless the session `ends`.
 */
export function sessionWithOpportunities({ firstTsUs = FIRST_TS_US + 20_000_000, ends = true } = {}): TapeRecord[] {
  const contracts = [...contractsOf('TWX'), ...contractsOf('IBM')]
  const ibm = contractsOf('TWX').length
  const records: Unstamped<TapeRecord>[] = [
    { kind: 'session', event: 'started', detail: { version: '0.1.0', clock: 'wall', host: 'here', dataDir: '/data' } },
    { kind: 'config', config: {} },
    ...contracts.map((contract, instrument) => ({ kind: 'contract' as const, instrument, contract })),
    ...contracts.map((_, instrument) => {
      return { kind: 'line' as const, instrument, event: 'opened' as const, openedSeq: 0, openedTsUs: firstTsUs }
    }),
    { kind: 'carry', input: 'rates', asOf: '2014-06-05', source: 'settings', currency: 'USD', points: [{ days: 30, rate: 0.01 }] },
    ...[0, ibm].map((instrument) => {
      return { kind: 'carry' as const, input: 'dividends' as const, instrument, asOf: '2014-06-05', source: 'settings', payments: [] }
    }),
    ...healthy(0),
    ...healthy(ibm),
    ...conversion(70, 2.6, 0),
    ...conversion(65, 6.2, 0),
    ...conversion(70, 2.7, ibm).slice(0, 2),
    { kind: 'session', event: 'alive' },
    ...(ends ? [{ kind: 'session' as const, event: 'ended' as const, cause: 'SIGTERM' }] : []),
  ]
  return records.map((record, i) => {
    const stamped = { ...record, seq: i + 1, tsUs: firstTsUs + i * 1_000_000 }
    return stamped.kind === 'line' ? { ...stamped, openedSeq: stamped.seq, openedTsUs: stamped.tsUs } : stamped
  }) as TapeRecord[]
}
