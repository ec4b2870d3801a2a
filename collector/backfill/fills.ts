/** What a backfill can fill: every trade or quote, or bars of a series. */
export const FILLS = ['trades', 'quotes', 'bars'] as const
export type Fill = (typeof FILLS)[number]
