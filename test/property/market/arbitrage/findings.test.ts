/**
 * What is found in disturbed markets, held against arithmetic and payoffs that were written apart from the detectors: fees, size and edge from the
 * legs, and the worst outcome from a game over prices and days of assignment. A guaranteed finding must bring its edge whatever happens, an
 * expected one at least what it says of the worst. `MARKETS=500` looks at more of them.
 */

import { expect, it } from 'vitest'

import { Arbitrage } from '../../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../../market/arbitrage/detectors/index.ts'
import type { Assessment } from '../../../../market/arbitrage/opportunity.ts'
import { describeContract } from '../../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../../market/tick.ts'
import { FairMarket } from '../../../support/arbitrage/fair-market.ts'
import { optionCommission, stockCommission } from '../../../support/arbitrage/money.ts'
import { type KnownCarry, worstOf } from '../../../support/arbitrage/payoff-check.ts'
import { WITH_FEES } from '../../../support/arbitrage/settings.ts'
import { seeded } from '../../../support/random.ts'
import { unexpected } from '../../../support/unexpected.ts'

const MARKETS = Number(process.env['MARKETS'] ?? 30)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const FINDINGS_OF_EACH = 40
const LONG_MS = 1_200_000

it(
  'every finding in a disturbed market is what arithmetic and payoffs make of its legs',
  () => {
    const checked = new Map<string, number>()
    /** The first of each detector and certainty. */
    const wrong = new Map<string, string>()
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MARKETS; seed++) {
      const market = new FairMarket(seed)
      const standing = new Map<number, Quote>()
      let left = FINDINGS_OF_EACH
      let changes = 0
      const arbitrage = new Arbitrage({
        detectors: DETECTORS,
        settings: WITH_FEES,
        onEpisode(event, { opened, last }) {
          // Of what goes on, one in a while: it differs little from the last.
          if (event === 'closed' || (event === 'changed' && ++changes % 8 !== 0) || left-- <= 0) return
          const finding = event === 'opened' ? opened : last
          const key = `${finding.certainty} ${finding.detector}`
          checked.set(key, (checked.get(key) ?? 0) + 1)
          const complaint = complaintAbout(finding, market, standing)
          if (complaint && !wrong.has(key)) wrong.set(key, `seed ${seed}, ${market.draft.name}: ${complaint}: ${described(finding)}`)
        },
        onDetectorError: (detector, error) => unexpected(`${detector}: ${String(error)}`),
      })
      for (const record of disturbed(market.records(1), seed)) {
        if (record.kind === 'quote') standing.set(record.instrument, record)
        arbitrage.take(record, seed)
      }
    }
    console.log([...checked].map(([key, count]) => `${key} ${count}`).join(', '))
    expect([...wrong.values()]).toEqual([])
    const detectors = new Set([...checked.keys()].map((key) => key.split(' ')[1]))
    if (MARKETS >= 30) expect(detectors).toEqual(new Set(DETECTORS.map(({ name }) => name)))
  },
  LONG_MS,
)

/** Moves some quotes away from what they are worth. */
function* disturbed(records: Iterable<TapeRecord>, seed: number): Generator<TapeRecord> {
  const random = seeded(seed + 1_000_000)
  for (const record of records) {
    if (record.kind !== 'quote' || random() > 0.06) yield record
    else {
      const factor = 1 + 0.15 * (random() - 0.5)
      const moved = (price: number | undefined) => price && Number((price * factor).toFixed(4))
      yield { ...record, bidPrice: moved(record.bidPrice), askPrice: moved(record.askPrice) }
    }
  }
}

/** Undefined when all is as it should be. */
function complaintAbout(finding: Assessment, market: FairMarket, standing: ReadonlyMap<number, Quote>): string | undefined {
  return wrongLegs(finding, standing) ?? wrongArithmetic(finding) ?? wrongPayoff(finding, market, standing)
}

function wrongLegs({ legs, multiplier, size }: Assessment, standing: ReadonlyMap<number, Quote>): string | undefined {
  let packages = Number.POSITIVE_INFINITY
  for (const { instrument, side, ratio, price, contract, size: standingSize } of legs) {
    const quote = standing.get(instrument)
    const [priceThere, sizeThere] = side === 'buy' ? [quote?.askPrice, quote?.askSize] : [quote?.bidPrice, quote?.bidSize]
    if (price !== priceThere || standingSize !== sizeThere) return 'a leg is not what stands'
    if (contract.kind === 'index') return 'an index is traded'
    if (contract.kind === 'option' && contract.multiplier !== multiplier) return 'two multipliers'
    if (contract.kind === 'option' && /\d$/.test(contract.tradingClass) && legs.some((leg) => leg.contract.kind === 'stock'))
      return 'an adjusted deliverable'
    packages = Math.min(packages, Math.floor(sizeThere / (contract.kind === 'stock' ? ratio * multiplier : ratio)))
  }
  if (new Set(legs.map(({ contract }) => (contract.kind === 'option' ? contract.tradingClass : ''))).size > 2) return 'two classes'
  return size === packages && size >= 1 ? undefined : `expected ${packages} packages`
}

function wrongArithmetic(finding: Assessment): string | undefined {
  const { legs, multiplier, size, fees, edgePerContract, edgePerShare, grossEdgePerShare, profit, capital, carry, annualReturn } = finding
  let own = 0
  for (const { contract, price, ratio, fee } of legs) {
    const isStock = contract.kind === 'stock'
    const expected = isStock ? stockCommission(size * ratio * multiplier, price) : optionCommission(size * ratio, price)
    if (!isNear(fee, expected, 1e-4)) return `a fee of ${fee}, expected ${expected}`
    own += fee
  }
  const perContract = grossEdgePerShare * multiplier - own / size
  // An option that is exercised at once ties its capital up for a day.
  const days = finding.detector === 'intrinsic' ? 1 : Math.max(1, carry.lastDays)
  const parts: [string, number, number][] = [
    ['fees', fees, own],
    ['edge per contract', edgePerContract, perContract],
    ['edge per share', edgePerShare, perContract / multiplier],
    ['profit', profit, perContract * size],
    ['annual return', annualReturn, (perContract / capital) * (365 / days)],
  ]
  for (const [name, found, expected] of parts) if (!isNear(found, expected, 1e-6)) return `${name} of ${found}, expected ${expected}`
  return profit > 0 ? undefined : 'no profit'
}

function wrongPayoff(finding: Assessment, market: FairMarket, standing: ReadonlyMap<number, Quote>): string | undefined {
  const { legs, multiplier, size, fees, worstCase, edgePerContract, certainty, assumptions } = finding
  if (assumptions.some((assumption) => assumption.endsWith('-unknown')) && certainty === 'guaranteed') return 'guaranteed without an input'
  const isCashSettled = market.draft.underlying.kind === 'index'
  // When the near expiry was paid in cash, nothing bounds the loss of the far one: the documentation has the capital stand for it.
  if (isCashSettled && finding.expiry !== finding.lastExpiry)
    return certainty === 'expected' && worstCase <= -finding.capital ? undefined : 'bounded, without anything that bounds it'
  const worst = worstOf(legs, knownCarry(finding, market, standing), isCashSettled) * multiplier - fees / size
  const off = 1e-5 * (1 + Math.abs(worstCase))
  if (worst < worstCase - off) return `brings ${worst} at the worst, not ${worstCase}`
  if (certainty === 'guaranteed' && !isNear(worstCase, edgePerContract, 1e-9)) return 'guaranteed, and not worth its edge at the worst'
  return undefined
}

function knownCarry({ legs }: Assessment, market: FairMarket, standing: ReadonlyMap<number, Quote>): KnownCarry {
  const { today, curve, payments, yield: annual, borrow, spot } = market.moment
  const { rates, dividends, borrow: isBorrowKnown } = market.draft.knows
  const { bidPrice = Number.NaN, askPrice = Number.NaN } = standing.get(market.underlying) ?? {}
  const middle = (bidPrice + askPrice) / 2
  // The fee for borrowing is of what the short sale brings.
  const traded = legs.find(({ contract }) => contract.kind === 'stock')?.price
  return {
    today,
    curve: rates ? curve : [],
    payments: dividends ? payments : [],
    yield: dividends ? annual : 0,
    borrow: isBorrowKnown ? borrow : 0,
    spot: traded ?? (Number.isNaN(middle) ? spot : middle),
  }
}

function isNear(found: number, expected: number, off: number): boolean {
  return Math.abs(found - expected) <= off * (1 + Math.abs(expected))
}

function described(finding: Assessment): string {
  const { certainty, detector, legs, assumptions, edgePerContract, worstCase, carry, fees, size } = finding
  const trades = legs.map(({ side, ratio, contract, price }) => `${side} ${ratio} ${describeContract(contract)} at ${price}`)
  return `${certainty} ${detector} [${trades.join(', ')}] ${JSON.stringify({ assumptions, edgePerContract, worstCase, fees, size, carry })}`
}
