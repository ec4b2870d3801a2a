import { defineRule } from './rule.ts'

export const lockedQuote = defineRule({
  name: 'locked-quote',
  about: 'A bid equal to its own ask, which is legal.',
  severity: 'info',
  disposition: 'flag',
  kinds: ['quote'],
  create: () => ({
    check: ({ bidPrice, askPrice }) =>
      bidPrice !== undefined && bidPrice === askPrice ? { reason: `bid and ask are both ${bidPrice}` } : undefined,
  }),
})
