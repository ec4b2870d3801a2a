/** Draws markets at random: what is traded, what it pays and costs, how much it moves; and moves them on. */

import { nyse } from '../../../market/calendar/calendar.ts'
import type { Contract, OptionContract } from '../../../market/contract.ts'
import { type CurvePoint, dayAfter, daysFrom, discountOn } from './money.ts'

export interface DraftOption {
  contract: OptionContract
  settlesAt: 'open' | 'close'
  isAmerican: boolean
  deliverable: { shares: number; cash: number }
  /** Priced off a future of its expiry, as options on VIX are. */
  ofOwnFuture: boolean
}

export interface MarketDraft {
  name: string
  underlying: Contract
  options: readonly DraftOption[]
  /** Steps of the lattice. */
  steps: number
  increment: number
  /** How many sides of quotes stand as close at the value as the grid lets them, of 1. */
  tight: number
  /** What the records say of the carry. The market knows all of it. */
  knows: { rates: boolean; dividends: boolean; borrow: boolean }
  first: MarketMoment
}

/** Where a market stands. */
export interface MarketMoment {
  today: string
  spot: number
  /** What an index prints: near what its options are priced with. */
  print: number
  curve: readonly CurvePoint[]
  /** By rising ex-date; past ones and far ones too. */
  payments: readonly { exDate: string; amount: number }[]
  yield: number
  borrow: number
  /** What options say that lending the stock brings: up to `borrow`, as not everybody who holds it lends it. */
  impliedBorrow: number
  volatility: (place: number, years: number) => number
  mostVolatility: number
}

type Random = () => number

const between = (random: Random, low: number, high: number) => low + (high - low) * random()
const whole = (random: Random, low: number, high: number) => Math.floor(between(random, low, high + 1))
const oneOf = <T>(random: Random, values: readonly T[]) => values[Math.floor(random() * values.length)] as T
const isOneIn = (random: Random, times: number) => random() * times < 1

/** Whose options: stocks above all; a stock with the name of an index makes European options whose underlying can be traded. */
const KINDS = ['stock', 'stock', 'stock', 'stock', 'european', 'index', 'american-index', 'vix'] as const
type Kind = (typeof KINDS)[number]

export function drawMarket(random: Random): MarketDraft {
  const kind = oneOf(random, KINDS)
  const first = drawMoment(random, kind)
  const underlying = underlyingOf(random, kind)
  return {
    name: `${kind} ${underlying.symbol} on ${first.today}`,
    underlying,
    options: drawOptions(random, kind, underlying, first),
    steps: oneOf(random, [8, 20, 40]),
    increment: oneOf(random, [0.01, 0.01, 0.05, 0.0001, 0.000_000_1]),
    tight: oneOf(random, [0.3, 0.9, 1]),
    knows: { rates: !isOneIn(random, 8), dividends: !isOneIn(random, 8), borrow: !isOneIn(random, 4) },
    first,
  }
}

function underlyingOf(random: Random, kind: Kind): Contract {
  const currency = isOneIn(random, 6) ? 'EUR' : 'USD'
  switch (kind) {
    case 'stock':
      return { kind: 'stock', symbol: 'ABC', currency }
    case 'european':
      return { kind: 'stock', symbol: 'SPX', currency }
    case 'index':
      return { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
    case 'american-index':
      return { kind: 'index', symbol: 'OEX', currency: 'USD', venue: 'CBOE' }
    case 'vix':
      return { kind: 'index', symbol: 'VIX', currency: 'USD', venue: 'CBOE' }
  }
}

function drawMoment(random: Random, kind: Kind): MarketMoment {
  const today = tradingDayFrom(dayAfter('2012-01-01', whole(random, 0, 6000)))
  const spot = Math.exp(between(random, Math.log(3), Math.log(900)))
  const curve = drawCurve(random)
  // An index cannot be lent.
  const borrow = isStock(kind) && isOneIn(random, 2) ? between(random, 0, 0.3) : 0
  const hasYield = kind === 'index' || kind === 'american-index' || (kind === 'stock' && isOneIn(random, 6))
  return {
    today,
    spot,
    print: cents(spot * between(random, 0.99, 1.01)),
    curve,
    payments: isStock(kind) ? drawPayments(random, today, spot) : [],
    yield: hasYield ? between(random, 0, 0.06) : 0,
    borrow,
    impliedBorrow: borrow * oneOf(random, [0, random(), 1]),
    ...drawVolatility(random),
  }
}

const isStock = (kind: Kind) => kind === 'stock' || kind === 'european'

/** Rising, falling, negative, crossing zero, and so steep that money is worth more later than sooner. */
function drawCurve(random: Random): CurvePoint[] {
  const level = oneOf(random, [0, between(random, 0, 0.08), between(random, 0, 0.08), between(random, -0.012, 0)])
  if (isOneIn(random, 3)) return [{ days: whole(random, 1, 365), rate: level }]
  const slope = isOneIn(random, 2) ? 0 : between(random, -0.02, 0.02)
  const days = [1, 30, 91, 182, 365, 730].filter((_, i) => i === 0 || !isOneIn(random, 4))
  return days.map((days) => ({ days, rate: level + slope * Math.log10(Math.max(1, days)) + between(random, -0.001, 0.001) }))
}

/** Quotes of days without trading are of no use to anybody. */
function tradingDayFrom(date: string): string {
  return nyse.isSession(date) ? date : tradingDayFrom(dayAfter(date, 1))
}

function drawPayments(random: Random, today: string, spot: number): { exDate: string; amount: number }[] {
  if (isOneIn(random, 4)) return []
  const first = oneOf(random, [0, 1, 2, whole(random, 3, 80), whole(random, -30, 5)])
  const every = oneOf(random, [30, 91, 182])
  const amount = spot * oneOf(random, [0.0005, 0.005, 0.03])
  return Array.from({ length: Math.ceil(450 / every) }, (_, i) => ({
    exDate: dayAfter(today, first + i * every),
    amount: Number((amount * between(random, 0.8, 1.2)).toPrecision(4)),
  }))
}

function drawVolatility(random: Random): Pick<MarketMoment, 'volatility' | 'mostVolatility'> {
  const level = Math.exp(between(random, Math.log(0.03), Math.log(0.9)))
  const [skew, smile, wave, phase] = [between(random, -2, 0.6), between(random, 0, 4), between(random, 0, 0.4), between(random, 0, 6)]
  const [near, fading] = [between(random, -0.5, 1.5), between(random, 0.02, 0.5)]
  const volatility = (place: number, years: number) =>
    level * (1 + skew * place + smile * place * place + wave * Math.sin(9 * place + phase)) * (1 + near * Math.exp(-years / fading))
  return { volatility, mostVolatility: level * 2.5 }
}

function drawOptions(random: Random, kind: Kind, { symbol, currency }: Contract, { today, spot }: MarketMoment): DraftOption[] {
  const expiries = drawExpiries(random, today)
  const strikes = drawStrikes(random, spot)
  const plain = { shares: 1, cash: 0 }
  const classes: { tradingClass: string; multiplier: number; settlesAt: 'open' | 'close'; deliverable: DraftOption['deliverable'] }[] = [
    { tradingClass: symbol, multiplier: 100, settlesAt: kind === 'index' || kind === 'vix' ? 'open' : 'close', deliverable: plain },
  ]
  if (kind === 'index') classes.push({ tradingClass: 'SPXW', multiplier: 100, settlesAt: 'close', deliverable: plain })
  if (kind === 'stock' && isOneIn(random, 3)) classes.push({ tradingClass: symbol, multiplier: 10, settlesAt: 'close', deliverable: plain })
  if (kind === 'stock' && isOneIn(random, 3)) {
    const deliverable = { shares: oneOf(random, [0.5, 1.5, 1]), cash: spot * between(random, 0.01, 0.3) }
    classes.push({ tradingClass: `${symbol}1`, multiplier: 100, settlesAt: 'close', deliverable })
  }
  return classes.flatMap(({ tradingClass, multiplier, settlesAt, deliverable }) =>
    expiries
      // What is settled at the opening is gone when the market is open.
      .filter((expiry) => settlesAt === 'close' || expiry > today)
      .flatMap((expiry) =>
        strikes.flatMap((strike) =>
          (['C', 'P'] as const)
            // Chains have holes: not every strike has both.
            .filter(() => !isOneIn(random, 12))
            .map(
              (right): DraftOption => ({
                contract: { kind: 'option', symbol, currency, expiry, strike, right, multiplier, tradingClass },
                settlesAt,
                isAmerican: kind === 'stock' || kind === 'american-index',
                deliverable,
                ofOwnFuture: kind === 'vix',
              }),
            ),
        ),
      ),
  )
}

function drawExpiries(random: Random, today: string): string[] {
  const count = whole(random, 1, 4)
  const days = Array.from({ length: count }, () => oneOf(random, [whole(random, 0, 3), whole(random, 1, 60), whole(random, 30, 400)]))
  // At least one that is there tomorrow.
  return [...new Set([...days, 7 + whole(random, 0, 90)])].sort((a, b) => a - b).map((day) => dayAfter(today, day))
}

function drawStrikes(random: Random, spot: number): number[] {
  const step = oneOf(random, [0.01, 0.03, 0.1])
  const count = whole(random, 4, 9)
  let strike = spot * Math.exp(-step * count * random() * 1.5)
  const strikes = new Set<number>()
  for (let i = 0; i < count; i++) {
    strikes.add(Math.max(0.5, Math.round(strike * 2) / 2))
    strike *= 1 + step * oneOf(random, [1, 1, 2, 3])
  }
  return [...strikes]
}

/** The same market a moment or some days later: spot, volatility, and at times rates and borrow have changed. */
export function moveMarket(moment: MarketMoment, { options, underlying }: MarketDraft, random: Random): MarketMoment {
  const last = options.reduce((latest, { contract: { expiry } }) => (expiry > latest ? expiry : latest), '')
  const left = daysFrom(moment.today, last) - 1
  const days = isOneIn(random, 3) ? Math.max(0, Math.min(whole(random, 1, 20), left)) : 0
  const later = days > 0 ? tradingDayFrom(dayAfter(moment.today, days)) : moment.today
  const today = later < last ? later : moment.today
  const gone = moment.payments.reduce((sum, { exDate, amount }) => sum + (exDate > moment.today && exDate <= today ? amount : 0), 0)
  const spot = Math.max(moment.spot * 0.5, moment.spot * Math.exp(between(random, -0.03, 0.03)) - gone)
  const moved = { ...moment, today, spot, print: cents(spot * between(random, 0.99, 1.01)) }
  if (isOneIn(random, 3)) Object.assign(moved, drawVolatility(random))
  if (isOneIn(random, 4)) moved.curve = drawCurve(random)
  if (isOneIn(random, 4)) moved.impliedBorrow = moved.borrow * random()
  // Payments that are worth more than the stock could not be: a stock that has fallen pays less.
  const discount = discountOn(moved.curve)
  const pending = moved.payments.reduce(
    (sum, { exDate, amount }) => sum + (exDate > today ? amount * discount(daysFrom(today, exDate)) : 0),
    0,
  )
  if (pending > 0.3 * spot && underlying.kind === 'stock')
    moved.payments = moved.payments.map((one) => ({ ...one, amount: one.amount / 2 }))
  return moved
}

function cents(price: number): number {
  return Math.max(0.01, Math.round(price * 100) / 100)
}
