import { defineRule } from './rule.ts'

/**
 * Stocks and options have no price below zero, and nobody offers or trades at zero. A zero bid is legitimate: the option has no bidder.
 * Futures, contracts that no record named, and indices, such as those of market breadth, may have any price.
 */
export const illegalPrice = defineRule({
  name: 'illegal-price',
  about: 'A price that cannot be: below zero, or an ask or a trade at zero.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote', 'trade'],
  create: () => ({
    check(tick, { contract }) {
      if (contract?.kind !== 'stock' && contract?.kind !== 'option') return undefined
      if (tick.kind === 'trade') return tick.price <= 0 ? { reason: `trade price ${tick.price} is not above zero` } : undefined
      const { bidPrice, askPrice } = tick
      if (bidPrice !== undefined && bidPrice < 0) return { reason: `bid price ${bidPrice} is negative` }
      if (askPrice !== undefined && askPrice <= 0) return { reason: `ask price ${askPrice} is not above zero` }
      return undefined
    },
  }),
})
