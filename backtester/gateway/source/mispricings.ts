/**
 * Mispricings in a made-up market, to see detectors of arbitrage at work: one after the other, a relation between quotes is broken for two
 * seconds, by an edge and in a size that are stated. One quote is moved for it; how far follows from the others, as they stand, so that the
 * edge is the stated one, to the cent, whenever the moved quote comes. Between two of its quotes the others move by a cent or two. Whoever
 * looks at other relations of the moved quote finds that it breaks some of them, too.
 */

import type { Contract } from '../../../market/contract.ts'
import { ConfigError } from '../../../market/errors.ts'
import type { RecordChunk } from '../../../market/record-source.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'
import type { GatewaySource } from './source.ts'

interface PlannedLeg {
  side: 'buy' | 'sell'
  /** Absent: the stock. */
  option?: { right: 'C' | 'P'; strike: number; expiry: 'first' | 'second' }
}

/** A relation that is going to be broken. */
interface Plan {
  /** The detector that looks at it (market/arbitrage/detectors). */
  detector: string
  edgePerShare: number
  /** Packages that can be had. 0: the price stands there, and nothing behind it. */
  size: number
  /** What a package is worth when all is over, per share. Negative: it has to be paid. */
  worth: number
  /** The quote of the first one is moved. */
  legs: readonly [PlannedLeg, ...PlannedLeg[]]
  /** Contracts of the legs in one package; absent: one each. */
  ratios?: readonly number[]
}

/** A relation that is broken for a while. */
export interface Mispricing extends Omit<Plan, 'legs'> {
  /** When the moved quote may come for the first time, and when it is put right. */
  fromUs: number
  toUs: number
  legs: readonly { side: 'buy' | 'sell'; ratio: number; instrument: number; contract: Contract }[]
}

const call = (side: 'buy' | 'sell', strike: number, expiry: 'first' | 'second' = 'first'): PlannedLeg => {
  return { side, option: { right: 'C', strike, expiry } }
}
const put = (side: 'buy' | 'sell', strike: number): PlannedLeg => ({ side, option: { right: 'P', strike, expiry: 'first' } })

/** Small enough that the rules of a recorder flag the moved quotes and keep none of them out, and within eight strikes of each other. */
const PLANS: readonly Plan[] = [
  { detector: 'conversion', edgePerShare: 0.25, size: 10, worth: 100, legs: [call('sell', 100), put('buy', 100), { side: 'buy' }] },
  { detector: 'reversal', edgePerShare: 0.2, size: 5, worth: -95, legs: [put('sell', 95), call('buy', 95), { side: 'sell' }] },
  {
    detector: 'long-box',
    edgePerShare: 0.3,
    size: 4,
    worth: 5,
    legs: [call('buy', 96), call('sell', 101), put('buy', 101), put('sell', 96)],
  },
  { detector: 'strike-monotonicity', edgePerShare: 0.1, size: 20, worth: 0, legs: [call('buy', 104), call('sell', 105)] },
  {
    detector: 'butterfly',
    edgePerShare: 0.12,
    size: 8,
    worth: 0,
    legs: [call('buy', 108), call('buy', 106), call('sell', 107)],
    ratios: [1, 1, 2],
  },
  { detector: 'calendar', edgePerShare: 0.2, size: 10, worth: 0, legs: [call('buy', 102, 'second'), call('sell', 102)] },
  { detector: 'intrinsic', edgePerShare: 0.1, size: 15, worth: 115, legs: [put('buy', 115), { side: 'buy' }] },
  { detector: 'conversion', edgePerShare: 0.25, size: 0, worth: 98, legs: [call('sell', 98), put('buy', 98), { side: 'buy' }] },
]

const SECOND_US = 1_000_000
const FIRST_SECOND = 2
const SECONDS_EACH = 2
const SECONDS_BETWEEN = 0.5
/** Sizes are made large enough so long ahead. */
const AHEAD_US = SECOND_US
const CENT = 0.01

/** How long a market must be for all of them. */
export const MISPRICED_SECONDS = FIRST_SECOND + PLANS.length * (SECONDS_EACH + SECONDS_BETWEEN)

/**
 * What is going to be broken in a made-up market.
 *
 * @throws ConfigError when it has not the contracts for it
 */
export function plannedMispricings(source: GatewaySource): Mispricing[] {
  const contents = source.contents?.()
  if (!contents) throw new ConfigError('Mispricings need a made-up market.', { code: 'gateway-option' })
  const contracts = [...contents.contracts]
  const expiries = [...new Set(contracts.flatMap(([, contract]) => (contract.kind === 'option' ? [contract.expiry] : [])))].sort()
  const find = ({ option }: PlannedLeg): { instrument: number; contract: Contract } => {
    const expiry = option?.expiry === 'second' ? expiries[1] : expiries[0]
    const found = contracts.find(([, contract]) =>
      option === undefined
        ? contract.kind === 'stock'
        : contract.kind === 'option' && contract.expiry === expiry && contract.strike === option.strike && contract.right === option.right,
    )
    if (!found)
      throw new ConfigError(`Mispricings need a market of two expiries: expected at least 241 contracts, found ${contracts.length}.`, {
        code: 'gateway-option',
      })
    return { instrument: found[0], contract: found[1] }
  }
  return PLANS.map((plan, i) => {
    const fromUs = contents.startUs + (FIRST_SECOND + i * (SECONDS_EACH + SECONDS_BETWEEN)) * SECOND_US
    const legs = plan.legs.map((leg, at) => ({ side: leg.side, ratio: plan.ratios?.[at] ?? 1, ...find(leg) }))
    return { ...plan, fromUs, toUs: fromUs + SECONDS_EACH * SECOND_US, legs }
  })
}

/** The same market with what is planned in it. */
export function withMispricings(source: GatewaySource, mispricings: readonly Mispricing[]): GatewaySource {
  const contents = source.contents?.()
  return {
    name: `${source.name} with mispricings`,
    ...(contents && { contents: () => contents }),
    records: (within) => recordsOf(source.records(within), new Mover(mispricings)),
  }
}

async function* recordsOf(chunks: AsyncIterable<RecordChunk>, mover: Mover): AsyncGenerator<RecordChunk> {
  for await (const { sessionId, records } of chunks) yield { sessionId, records: records.map((record) => mover.take(record)) }
}

class Mover {
  readonly #mispricings: readonly Mispricing[]
  /** What was given last, by instrument. */
  readonly #standing = new Map<number, Quote>()

  constructor(mispricings: readonly Mispricing[]) {
    this.#mispricings = mispricings
  }

  take(record: TapeRecord): TapeRecord {
    if (record.kind !== 'quote') return record
    const near = this.#mispricings.find(({ fromUs, toUs }) => record.tsUs >= fromUs - AHEAD_US && record.tsUs < toUs)
    const at = near?.legs.findIndex(({ instrument }) => instrument === record.instrument) ?? -1
    const quote = near && at >= 0 ? this.#moved(record, near, at) : record
    this.#standing.set(quote.instrument, quote)
    return quote
  }

  #moved(quote: Quote, mispricing: Mispricing, at: number): Quote {
    const { size, fromUs } = mispricing
    if (at > 0) return withSizes(quote, size * unitsOf(mispricing, at))
    const price = quote.tsUs < fromUs ? undefined : this.#price(mispricing)
    if (price === undefined) return quote
    const isSold = mispricing.legs[0]?.side === 'sell'
    const { bidPrice = 0, askPrice = Infinity } = quote
    const [bid, ask] = isSold ? [price, Math.max(askPrice, price + CENT)] : [Math.min(bidPrice, price - CENT), price]
    const isBid = bid > 0
    return { ...quote, bidPrice: isBid ? cents(bid) : undefined, askPrice: cents(ask), bidSize: isBid ? size : undefined, askSize: size }
  }

  /** At which the first leg makes the edge the stated one; undefined while another leg has no price. */
  #price({ legs, worth, edgePerShare }: Mispricing): number | undefined {
    const [first, ...others] = legs
    let rest = worth
    for (const { side, ratio, instrument } of others) {
      const { bidPrice = Number.NaN, askPrice = Number.NaN } = this.#standing.get(instrument) ?? {}
      rest += ratio * (side === 'sell' ? bidPrice : -askPrice)
    }
    const price = first?.side === 'sell' ? edgePerShare - rest : rest - edgePerShare
    return price > 0 ? price : undefined
  }
}

/** Of a leg in one package: shares of the stock, contracts of an option. */
function unitsOf({ legs }: Mispricing, at: number): number {
  const leg = legs[at]
  return (leg?.ratio ?? 1) * (leg?.contract.kind === 'stock' ? 100 : 1)
}

/** As many more on each side. */
function withSizes(quote: Quote, more: number): Quote {
  const { bidSize, askSize } = quote
  return {
    ...quote,
    bidSize: bidSize === undefined ? undefined : bidSize + more,
    askSize: askSize === undefined ? undefined : askSize + more,
  }
}

function cents(price: number): number {
  return Math.round(price * 100) / 100
}
