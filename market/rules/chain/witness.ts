/**
 * Which quote is the bad one. A bound that is broken names two legs or more, and one of them is wrong: the one that is in all that is broken.
 * A partner counts as a witness when it is in order with the rest of its chain, the quote at hand left out. Where one bound alone is broken,
 * the leg to blame is the one that alone has changed since the bound held; where that cannot be said, nobody is blamed, as the
 * others are healthy.
 *
 * Several options that are kept out within seconds say that the market has moved and that what stands is old. Nothing is kept out then, so
 * that the new quotes come to stand. Without a quote of the underlying nothing tells a move from a fault at all.
 */

import { describeContract } from '../../contract.ts'
import type { Chain, ChainSide, Leg } from '../../state/chain.ts'
import type { Found, RuleContext } from '../rule.ts'
import { butterflyBreach, drift, verticalBreach } from './relations.ts'

/** Quoted strikes on either side that a quote is compared with. */
export const NEIGHBOURS = 4
/** Witnesses that make sure. */
export const ENOUGH = 2
/** Other options of the chain, kept out lately, from which on the market is taken to have moved. */
const MOVED = 2
/** Behind a move new quotes follow at once; what was kept out before, and has said nothing since, says nothing of now. */
const LATELY_US = 10_000_000

/** The nearest quoted strikes in a direction that nothing was found on. */
function neighbours(chain: Chain, side: ChainSide, at: number, step: 1 | -1, except = -1): number[] {
  const near: number[] = []
  for (let other = chain.quoted(side, at, step); other >= 0 && near.length < NEIGHBOURS; other = chain.quoted(side, other, step))
    if (other !== except && side.doubted[other] === 0) near.push(other)
  return near
}

/** Pairs of other strikes with which such a quote would not be convex: as the middle between them, or as the wing of both. */
export function brokenButterflies(
  chain: Chain,
  side: ChainSide,
  at: number,
  bidPrice: number,
  askPrice: number,
  tolerance: number,
  except = -1,
): [number, number][] {
  const below = neighbours(chain, side, at, -1, except)
  const above = neighbours(chain, side, at, 1, except)
  const broken: [number, number][] = []
  const test = (low: number, middle: number, high: number) => {
    const others = [low, middle, high].filter((strike) => strike !== at) as [number, number]
    const allowed = tolerance + Math.max(drift(chain, side, others[0]), drift(chain, side, others[1]))
    if (butterflyBreach(chain, side, at, bidPrice, askPrice, low, middle, high) > allowed) broken.push(others)
  }
  for (const low of below) for (const high of above) test(low, at, high)
  for (let i = 0; i < NEIGHBOURS; i++)
    for (let j = i + 1; j < NEIGHBOURS; j++) {
      const [near, far] = [above[i], above[j]]
      if (near !== undefined && far !== undefined) test(at, near, far)
      const [nearBelow, farBelow] = [below[i], below[j]]
      if (nearBelow !== undefined && farBelow !== undefined) test(farBelow, nearBelow, at)
    }
  return broken
}

/** Other strikes with which such a quote would be out of order. */
export function brokenVerticals(
  chain: Chain,
  side: ChainSide,
  at: number,
  bidPrice: number,
  askPrice: number,
  tolerance: number,
  except = -1,
): number[] {
  const near = [...neighbours(chain, side, at, -1, except), ...neighbours(chain, side, at, 1, except)]
  return near.filter((other) => verticalBreach(chain, side, at, bidPrice, askPrice, other) > tolerance + drift(chain, side, other))
}

/** True when such a quote would be in order with the others on its side, leaving out the one at `except`. */
function isInOrder(chain: Chain, side: ChainSide, at: number, bidPrice: number, askPrice: number, tolerance: number, except: number) {
  return (
    brokenVerticals(chain, side, at, bidPrice, askPrice, tolerance, except).length === 0 &&
    brokenButterflies(chain, side, at, bidPrice, askPrice, tolerance, except).length === 0
  )
}

/** True when the standing quote at `at` is in order with the others on its side, leaving out the one at `except`. */
export function isWitness(chain: Chain, side: ChainSide, at: number, except: number, tolerance: number): boolean {
  const [bidPrice, askPrice] = [side.bidPrices[at] as number, side.askPrices[at] as number]
  // What the underlying has moved since then is allowed for it too.
  const allowed = tolerance + drift(chain, side, at)
  return side.doubted[at] === 0 && !(bidPrice > askPrice) && isInOrder(chain, side, at, bidPrice, askPrice, allowed, except)
}

/** True when the standing quote at `at` cannot be off by so much: it is in order, and put right by that it would not be. */
export function isHeldInPlace(chain: Chain, side: ChainSide, at: number, by: number, tolerance: number): boolean {
  const [bidPrice, askPrice] = [side.bidPrices[at] as number, side.askPrices[at] as number]
  return isWitness(chain, side, at, -1, tolerance) && !isInOrder(chain, side, at, bidPrice + by, askPrice + by, tolerance, -1)
}

/** True when an earlier quote of the leg stood beside this partner's, of that time, so that the leg alone has changed since. */
export function hasAloneChanged({ side, index }: Leg, partnerUs: number): boolean {
  return side.doubted[index] === 0 && partnerUs <= (side.timesUs[index] as number)
}

/** Lowers a finding on a quote of `tsUs` to a flag while the chain is moving. */
export function unlessMoving(leg: Leg, found: Found, tsUs: number): Found {
  let others = 0
  for (const other of leg.chain.legs) if (other !== leg && tsUs - other.refusedUs <= LATELY_US) others++
  return others >= MOVED ? { ...found, disposition: 'flag' } : found
}

/** Lowers a finding to a note while the underlying has no quote: who has not followed a move cannot be told from who is wrong. */
export function unlessBlind({ chain }: Leg, found: Found | undefined): Found | undefined {
  if (found === undefined || !Number.isNaN(chain.underlying.middle)) return found
  return { ...found, severity: 'info', disposition: 'flag' }
}

/** The option at an index with its quote: `TWX 2014-06-21 70 C at 1.2 to 1.4`. */
export function optionAt({ market }: RuleContext, side: ChainSide, at: number): string {
  const contract = market.of(side.instruments[at] as number)?.contract
  return `${contract ? describeContract(contract) : 'another option'} at ${sidesOf(side.bidPrices[at], side.askPrices[at])}`
}

/** `1.2 to 1.4`, with `-` for a side that is absent. */
export function sidesOf(bidPrice: number | undefined, askPrice: number | undefined): string {
  const text = (price: number | undefined) => (price === undefined || Number.isNaN(price) ? '-' : String(price))
  return `${text(bidPrice)} to ${text(askPrice)}`
}
