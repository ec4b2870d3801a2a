/**
 * What the detectors cost, all of them together, on one core and in CPU time: quotes of the options of one stock in a market in which nothing
 * is mispriced (with interest, so that much looks like an edge without it), one in a hundred of the stock itself. The limit is the state
 * that they look at: the same records through MarketState and ChainState alone.
 *
 * The curve has the same strikes over more and more expiries: what an option's quote costs may not grow with expiries that are none of its
 * business. The quotes are of one expiry and its neighbours; with quotes of all expiries the memory of the machine is measured, too. Single
 * decisions are timed by the wall's clock, so that they contain what else the machine did.
 */

import { Arbitrage } from '../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Contract } from '../../market/contract.ts'
import { optionPrice } from '../../market/option/pricing.ts'
import { ChainState } from '../../market/state/chain-state.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Quote, TapeRecord } from '../../market/tick.ts'
import { addDays, usFromIso } from '../../market/time.ts'
import { seeded } from '../support/random.ts'
import { measure, quantile } from './harness.ts'

const TODAY = '2014-06-05'
const FIRST_US = usFromIso(`${TODAY}T10:00:00-04:00`)
const SPACING_US = 100
const SPOT = 100
const RATE = 0.02
const STRIKES = 50
const CONTRACTS_PER_EXPIRY = 2 * STRIKES
const QUOTES = 200_000
/** One in so many quotes is of the stock. */
const OF_STOCK = 100
const LEAST_CPU_SECONDS = 0.5
const CURVE = [100, 1000, 5000, 10_000]

interface Market {
  head: TapeRecord[]
  quotes: Quote[]
}

/**
 * Deterministic, so that every run measures the same.
 *
 * @param ofStock one in so many quotes is of the stock; 0: none
 * @param quoted how many of the options are quoted, those that expire first; the others stand
 */
function marketOf(contracts: number, ofStock: number, quoted = contracts): Market {
  const head: TapeRecord[] = [{ kind: 'session', event: 'started', seq: 0, tsUs: FIRST_US }]
  const stock: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
  const values: number[] = [SPOT]
  const name = (instrument: number, contract: Contract) => head.push({ kind: 'contract', seq: 0, tsUs: FIRST_US, instrument, contract })
  name(0, stock)
  for (let i = 0; i < contracts; i++) {
    const expiry = addDays(TODAY, 7 * (1 + Math.floor(i / CONTRACTS_PER_EXPIRY)))
    const strike = SPOT - STRIKES / 2 + (Math.floor(i / 2) % STRIKES)
    const right = i % 2 === 0 ? 'C' : 'P'
    const years = (7 * (1 + Math.floor(i / CONTRACTS_PER_EXPIRY))) / 365
    const value = optionPrice({ right, spot: SPOT, strike, years, rate: RATE, dividendYield: 0 }, 0.3)
    values.push(Math.max(value, right === 'P' ? strike - SPOT : SPOT - strike))
    name(i + 1, { kind: 'option', symbol: 'TWX', currency: 'USD', expiry, strike, right, multiplier: 100, tradingClass: 'TWX' })
  }
  const carry = { kind: 'carry', seq: 0, tsUs: FIRST_US, asOf: TODAY, source: 'settings' } as const
  head.push({ ...carry, input: 'rates', currency: 'USD', points: [{ days: 1, rate: RATE }] })
  head.push({ ...carry, input: 'dividends', instrument: 0, payments: [] }, { ...carry, input: 'borrow', instrument: 0, rate: 0 })
  const random = seeded(7)
  const quote = (instrument: number, seq: number): Quote => {
    const value = values[instrument] as number
    const [below, above] = [1 + Math.floor(random() * 3), 1 + Math.floor(random() * 3)]
    const bid = Math.max(0, Math.floor(value * 100) - below)
    const size = 1 + Math.floor(random() * 50)
    const tsUs = FIRST_US + seq * SPACING_US
    const prices = { bidPrice: bid > 0 ? bid / 100 : undefined, askPrice: (Math.ceil(value * 100) + above) / 100 }
    return { kind: 'quote', seq, tsUs, instrument, ...prices, bidSize: bid > 0 ? size : undefined, askSize: size }
  }
  // All stand before anything is measured.
  for (let i = 0; i <= contracts; i++) head.push(quote(i, i))
  const quotes = Array.from({ length: QUOTES }, (_, i) =>
    quote(ofStock > 0 && i % ofStock === 0 ? 0 : 1 + Math.floor(random() * quoted), contracts + 1 + i),
  )
  return { head, quotes }
}

function engine(): Arbitrage {
  return new Arbitrage({
    detectors: DETECTORS,
    settings: arbitrageSettings(),
    onEpisode: () => undefined,
    onDetectorError: (name, error) => {
      throw new Error(`The detector ${name} failed.`, { cause: error })
    },
  })
}

/** Quotes per second of CPU. */
function speedOf({ head, quotes }: Market, take: (record: TapeRecord) => void): number {
  for (const record of head) take(record)
  const before = process.cpuUsage()
  for (let taken = 0; ; ) {
    for (const quote of quotes) take(quote)
    taken += quotes.length
    const { user, system } = process.cpuUsage(before)
    if (user + system >= LEAST_CPU_SECONDS * 1e6) return taken / ((user + system) / 1e6)
  }
}

function speedOfDetectors(market: Market): number {
  const arbitrage = engine()
  const speed = speedOf(market, (record) => arbitrage.take(record, 1))
  if (arbitrage.funnel.opened > 0) throw new Error(`Expected a market without arbitrage, found ${arbitrage.funnel.opened} episodes.`)
  return speed
}

function speedOfState(market: Market): number {
  const [state, chains] = [new MarketState(), new ChainState()]
  return speedOf(market, (record) => {
    state.apply(record)
    chains.apply(record)
  })
}

/** Microseconds from a quote to the decision on it. */
function decisions({ head, quotes }: Market): number[] {
  const arbitrage = engine()
  for (const record of head) arbitrage.take(record, 1)
  return quotes.map((quote) => {
    const startedMs = performance.now()
    arbitrage.take(quote, 1)
    return (performance.now() - startedMs) * 1000
  })
}

const large = marketOf(5000, OF_STOCK)
measure({
  title: `arbitrage: ${DETECTORS.length} detectors over quotes of 5,000 options, one in ${OF_STOCK} of their stock`,
  unit: 'quotes/s of CPU',
  limit: 'the state alone',
  round: async () => {
    const ours = speedOfDetectors(large)
    const times = decisions(large)
    return {
      ours,
      limit: speedOfState(large),
      more: {
        'a decision, p50, us': quantile(times, 0.5),
        'a decision, p99, us': quantile(times, 0.99),
        'a decision, p99.9, us': quantile(times, 0.999),
      },
    }
  },
})

measure({
  title: 'arbitrage: quotes of options of five expiries, among more and more others',
  unit: `quotes/s of CPU with ${CURVE.at(-1)} contracts`,
  limit: `with ${CURVE[1]}`,
  round: async () => {
    const speeds = CURVE.map((contracts) => {
      const few = marketOf(contracts, 0, Math.min(contracts, 5 * CONTRACTS_PER_EXPIRY))
      const all = marketOf(contracts, 0)
      return { contracts, few: speedOfDetectors(few), all: speedOfDetectors(all), state: speedOfState(all) }
    })
    return {
      ours: speeds.at(-1)?.few ?? Number.NaN,
      limit: speeds[1]?.few ?? Number.NaN,
      more: Object.fromEntries(
        speeds.flatMap(({ contracts, few, all, state }) => [
          [`${contracts} contracts, ns a quote`, 1e9 / few],
          [`${contracts} contracts, quotes of all, ns a quote`, 1e9 / all],
          [`${contracts} contracts, of it the state, ns`, 1e9 / state],
        ]),
      ),
    }
  },
})

measure({
  title: 'arbitrage: quotes of the stock alone',
  unit: `quotes/s of CPU with ${CURVE.at(-1)} contracts`,
  limit: `with ${CURVE[0]}`,
  round: async () => {
    const speeds = CURVE.map((contracts) => {
      const { head, quotes } = marketOf(contracts, 1)
      return [contracts, speedOfDetectors({ head, quotes: quotes.slice(0, 2000) })] as const
    })
    return {
      ours: speeds.at(-1)?.[1] ?? Number.NaN,
      limit: speeds[0]?.[1] ?? Number.NaN,
      more: Object.fromEntries(speeds.map(([contracts, speed]) => [`${contracts} contracts, us a quote`, 1e6 / speed])),
    }
  },
})
