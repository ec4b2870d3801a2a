/** The rules on real option chains: nothing healthy is named, and a single quote that is corrupted is, by its own name. */

import { describe, expect, it } from 'vitest'

import type { OptionContract } from '../../../../market/contract.ts'
import { RULES } from '../../../../market/rules/index.ts'
import { defaultSettings } from '../../../../market/rules/settings.ts'
import { Validator } from '../../../../market/rules/validator.ts'
import type { Quote, Verdict } from '../../../../market/tick.ts'
import { hasSharedData, withSharedData } from '../../../support/data.ts'
import { agilent, minuteChain, type OptionData } from '../../../support/option-data.ts'
import { seeded } from '../../../support/random.ts'
import { unexpected } from '../../../support/unexpected.ts'

/** Those that compare quotes with each other, and those that say that a quote is wrong in itself. */
const NAMES = new Set([
  'below-intrinsic',
  'above-upper-bound',
  'vertical-spread',
  'butterfly-spread',
  'calendar-spread',
  'put-call-parity',
  'illegal-price',
  'negative-size',
  'crossed-quote',
])
const JUDGES = RULES.filter(({ name }) => NAMES.has(name))
const TRIALS = 40
/** Before and behind a corrupted quote: twice as many as the chain has options, so that each is quoted before and behind it. */
const AROUND = 800

/** Quotes that something was found on, with it. */
function found({ head, quotes }: OptionData): Map<Quote, Verdict> {
  const validator = new Validator({ rules: JUDGES, settings: defaultSettings(JUDGES), onRuleError: unexpected })
  const all = new Map<Quote, Verdict>()
  for (const record of head) validator.take(record)
  for (const quote of quotes) {
    const verdict = validator.judge(quote)
    if (verdict) all.set(quote, verdict)
    validator.take({ ...quote, verdict })
  }
  return all
}

describe.skipIf(!hasSharedData)(`the rules on healthy option chains${withSharedData}`, () => {
  it.each([
    ['Agilent every 30 minutes', () => agilent()],
    [
      'TWX every minute of two days',
      () =>
        minuteChain('TWX', 'twx_20140605_06_quotes_1min.csv.gz', {
          '2014-06-05': 'twx_20140605_quote_1min.csv',
          '2014-06-06': 'twx_20140606_quote_1min.csv',
        }),
    ],
    [
      'FOXA every minute of a day',
      () => minuteChain('FOXA', 'foxa_20130702_quotes_1min.csv.gz', { '2013-07-02': 'foxa_20130702_quote_1min.csv' }),
    ],
  ])('name nothing: %s', (_, read) => {
    const data = read()
    expect(data.quotes.length).toBeGreaterThan(5000)
    expect([...found(data).values()]).toEqual([])
  })
})

type Corrupt = (quote: Quote, random: () => number, earlier: readonly Quote[]) => Partial<Quote>

const shifted = (price: number | undefined, factor: number) => price && Number((price * factor).toPrecision(12))
const SHIFTS = [0.01, 0.1, 10, 100]
const shift = (random: () => number) => SHIFTS[Math.floor(random() * SHIFTS.length)] as number

const CORRUPTIONS: Record<string, Corrupt> = {
  sign: ({ bidPrice, askPrice }, random) => (random() < 0.5 && bidPrice ? { bidPrice: -bidPrice } : { askPrice: askPrice && -askPrice }),
  'decimal shift of both sides': ({ bidPrice, askPrice }, random) => {
    const factor = shift(random)
    return { bidPrice: shifted(bidPrice, factor), askPrice: shifted(askPrice, factor) }
  },
  'decimal shift of one side': ({ bidPrice, askPrice }, random) =>
    random() < 0.5 ? { bidPrice: shifted(bidPrice, shift(random)) } : { askPrice: shifted(askPrice, shift(random)) },
  'swapped sides': ({ bidPrice, askPrice }) => ({ bidPrice: askPrice, askPrice: bidPrice }),
  'stale copy': (quote, random, earlier) => {
    const { bidPrice, askPrice } = earlier[Math.floor(random() * earlier.length)] ?? quote
    return { bidPrice, askPrice }
  },
  'negative size': () => ({ bidSize: -1 }),
}

describe.skipIf(!hasSharedData)(`a single corrupted quote of Agilent${withSharedData}`, () => {
  const data = hasSharedData ? agilent() : undefined

  it.each(Object.entries(CORRUPTIONS))('is named, and nothing else is: %s', (_, corrupt) => {
    const { quotes, contractOf } = data as OptionData
    const random = seeded(20210426)
    const options = quotes.filter(({ instrument }) => contractOf(instrument).kind === 'option')
    let [breaking, caught] = [0, 0]
    for (let trial = 0; trial < TRIALS; trial++) {
      const quote = options[Math.floor(random() * options.length)] as Quote
      const at = quotes.indexOf(quote)
      const earlier = quotes.slice(0, at).filter(({ instrument }) => instrument === quote.instrument)
      const bad: Quote = { ...quote, ...corrupt(quote, random, earlier) }
      const before = quotes.slice(Math.max(0, at - AROUND), at)
      const all = found({ ...(data as OptionData), quotes: [...before, bad, ...quotes.slice(at + 1, at + AROUND)] })
      const others = [...all].filter(([accused]) => accused !== bad).map(([, verdict]) => verdict)
      expect(others, `behind ${JSON.stringify(bad)}`).toEqual([])
      if (!breaksBound(bad, before, contractOf)) continue
      breaking++
      if (all.has(bad)) caught++
    }
    expect(caught).toBeGreaterThanOrEqual(0.95 * breaking)
  })
})

/** Written anew, by brute force over all pairs of strikes and expiries: what the rules' own neighbours must not miss. */
function breaksBound(bad: Quote, before: readonly Quote[], contractOf: OptionData['contractOf']): boolean {
  const { bidPrice = Number.NaN, askPrice = Number.NaN, bidSize = 1 } = bad
  if (bidPrice < 0 || askPrice <= 0 || bidPrice > askPrice || bidSize < 0) return true
  const standing = new Map(before.map((quote) => [quote.instrument, quote]))
  const option = contractOf(bad.instrument) as OptionContract
  const isFar = (breach: number) => breach > 0.06
  for (const [instrument, { bidPrice: bid = Number.NaN, askPrice: ask = Number.NaN }] of standing) {
    const other = contractOf(instrument)
    if (other.kind === 'stock') {
      const value = option.right === 'C' ? bid - option.strike : option.strike - ask
      if (value - askPrice > 0.3 || bidPrice - (option.right === 'C' ? ask : option.strike) > 0.3) return true
    } else if (other.kind === 'option' && other.right === option.right && instrument !== bad.instrument) {
      const width = other.strike - option.strike
      if (other.expiry === option.expiry) {
        const [dearBid, dearAsk, cheapBid, cheapAsk] =
          width > 0 === (option.right === 'C') ? [bidPrice, askPrice, bid, ask] : [bid, ask, bidPrice, askPrice]
        if (isFar(cheapBid - dearAsk) || isFar(dearBid - cheapAsk - Math.abs(width))) return true
      } else if (width === 0 && isFar(other.expiry > option.expiry ? bidPrice - ask : bid - askPrice)) return true
    }
  }
  return false
}
