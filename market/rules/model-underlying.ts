import { z } from 'zod'

import { isPricedOffSpot } from '../option/bounds.ts'
import { isMarked, Mark } from '../marks.ts'
import { sidesOf } from './chain/witness.ts'
import { defineRule } from './rule.ts'

/**
 * The broker says which price of the underlying it computed an option's values from. One far from the underlying's own line says that either
 * is old or wrong, and the values with it.
 */
export const modelUnderlying = defineRule({
  name: 'model-underlying',
  about: "Option values computed from a price of the underlying that is not the one on the underlying's own line.",
  severity: 'warning',
  disposition: 'flag',
  kinds: ['greeks'],
  settings: {
    percent: z
      .number({ error: 'a percentage above 0' })
      .positive({ error: 'a percentage above 0' })
      .default(1)
      .describe("How far the price may be outside the underlying's quote, in percent."),
  },
  create: ({ percent }) => ({
    check(greeks, { contract, chains, market }) {
      const { underlyingPrice, instrument } = greeks
      if (contract?.kind !== 'option' || underlyingPrice === undefined || isMarked(greeks, Mark.frozen)) return undefined
      const underlying = chains.legOf(instrument)?.chain.underlying
      if (underlying?.instrument === undefined || !isPricedOffSpot(underlying)) return undefined
      const { bidPrice, askPrice, symbol } = underlying
      if (!(bidPrice > 0 && askPrice >= bidPrice)) return undefined
      if (market.of(underlying.instrument)?.isDelayed !== (greeks.delayed === true)) return undefined
      const allowed = (askPrice * percent) / 100
      if (underlyingPrice >= bidPrice - allowed && underlyingPrice <= askPrice + allowed) return undefined
      return {
        reason: `computed from ${symbol} at ${underlyingPrice}, which is ${sidesOf(bidPrice, askPrice)} on its own line`,
        evidence: [underlying.instrument],
      }
    },
  }),
})
