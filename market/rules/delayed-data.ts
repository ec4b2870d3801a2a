import { defineRule } from './rule.ts'

/** IB's types of market data that are in real time. */
const REAL_TIME: readonly unknown[] = ['live', 'frozen']

export const delayedData = defineRule({
  name: 'delayed-data',
  about: 'Delayed data where data in real time was asked for (gateway.marketDataType).',
  severity: 'error',
  disposition: 'flag',
  kinds: ['quote', 'trade', 'greeks', 'statistic'],
  create() {
    let asked: unknown
    return {
      check: ({ delayed }) =>
        delayed && REAL_TIME.includes(asked)
          ? { reason: `the source had it some 15 minutes late, and ${String(asked)} was asked for` }
          : undefined,
      takeControl(record) {
        if (record.kind === 'config') asked = (record.config['gateway'] as { marketDataType?: unknown } | undefined)?.marketDataType
      },
    }
  },
})
