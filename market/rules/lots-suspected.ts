import { isUsStock } from '../contract.ts'
import { defineRule } from './rule.ts'

/**
 * A size in shares is at least one share. IB sends sizes of US stocks in lots when the user has asked TWS to, cut to whole ones, so that a
 * side of less than a lot has none. Where the session knows that its sizes are in lots, there is nothing to suspect.
 */
export const lotsSuspected = defineRule({
  name: 'lots-suspected',
  about: 'A side of a US stock with a price and a size of 0: sizes may come in lots (docs/stock-sizes.md).',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  create: () => ({
    check({ bidPrice, bidSize, askPrice, askSize, source }, { contract, market }) {
      const isBidEmpty = bidSize === 0 && bidPrice !== undefined && bidPrice > 0
      const isAskEmpty = askSize === 0 && askPrice !== undefined && askPrice > 0
      if (!isBidEmpty && !isAskEmpty) return undefined
      if (!isUsStock(contract) || market.stockSizes?.groups[source ?? 'quotes']?.unit === 'lots') return undefined
      return { reason: isBidEmpty ? `bid ${bidPrice} has a size of 0` : `ask ${askPrice} has a size of 0` }
    },
  }),
})
