import { defineRule } from './rule.ts'

/** Zero is legitimate: a side below one lot, in feeds that count lots. */
export const negativeSize = defineRule({
  name: 'negative-size',
  about: 'A size below zero.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote', 'trade'],
  create: () => ({
    check(tick) {
      if (tick.kind === 'trade') return below(tick.size, 'trade')
      return below(tick.bidSize, 'bid') ?? below(tick.askSize, 'ask')
    },
  }),
})

function below(size: number | undefined, side: string) {
  return size !== undefined && size < 0 ? { reason: `${side} size ${size} is negative` } : undefined
}
