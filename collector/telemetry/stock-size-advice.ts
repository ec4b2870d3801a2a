/** What to do about sizes of US stocks that come in lots, or in another unit than the settings say. Log, status and doctor say the same. */

import type { SizeGroup, StockSizes } from '../../market/tick.ts'

const MARKET_DATA_BOX = 'Send market data in lots for US stocks for dual-mode API clients'
const VOLUME_BOX = 'Send volumes in lots from all market data sources for US stocks'

/** The groups for people. */
const SIZE_GROUP_NAMES: Readonly<Record<SizeGroup, string>> = {
  quotes: 'bid, ask and last sizes',
  'rt-volume': 'sizes of RTVolume',
  'tick-by-tick': 'tick-by-tick sizes',
  volume: "the day's volume",
}

/** One sentence for each thing to do; empty while all that is known is well. */
export function stockSizeAdvice({ groups }: StockSizes): string[] {
  const of = (fits: (group: NonNullable<StockSizes['groups'][SizeGroup]>) => boolean) =>
    (Object.entries(groups) as [SizeGroup, NonNullable<StockSizes['groups'][SizeGroup]>][])
      .filter(([, unit]) => fits(unit))
      .map(([name]) => name)
  const comesInLots = of(({ unit, doubted }) => (unit === 'lots') !== (doubted === true))
  const boxes = [
    ...(comesInLots.some((group) => group !== 'volume') ? [MARKET_DATA_BOX] : []),
    ...(comesInLots.includes('volume') ? [VOLUME_BOX] : []),
  ]
  const named = (names: SizeGroup[]) => names.map((name) => SIZE_GROUP_NAMES[name]).join(', ')
  const doubted = of((group) => group.doubted === true)
  return [
    ...(boxes.length > 0
      ? [
          `US stocks: ${named(comesInLots)} come in lots, which not every reader can count in shares: in TWS or IB Gateway ` +
            `(Configuration, API, Settings) untick ${boxes.map((box) => `"${box}"`).join(' and ')}`,
        ]
      : []),
    ...(doubted.length > 0 ? [`US stocks: ${named(doubted)} do not look as gateway.stockSizes says: correct it, or set it to detect`] : []),
  ]
}
