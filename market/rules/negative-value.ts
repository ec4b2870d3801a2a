import type { TickRule } from './rule.ts'

/** Stocks and options have no price or size below zero. A zero bid is legitimate: the option has no bidder. */
export const negativeValue: TickRule = {
  name: 'negative-value',
  on: 'tick',
  severity: 'error',
  disposition: 'quarantine',
  check(tick) {
    switch (tick.kind) {
      case 'quote':
        return (
          below(tick.bidPrice, 'bid price') ??
          below(tick.askPrice, 'ask price') ??
          below(tick.bidSize, 'bid size') ??
          below(tick.askSize, 'ask size')
        )
      case 'trade':
        return below(tick.price, 'trade price') ?? below(tick.size, 'trade size')
      default:
        return undefined
    }
  },
}

function below(value: number | undefined, name: string): string | undefined {
  return value !== undefined && value < 0 ? `${name} ${value} is negative` : undefined
}
