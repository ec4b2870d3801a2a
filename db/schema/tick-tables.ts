/** The tables of ticks and the order of the columns in which rows are copied into them and out of them. */

export interface TickTable {
  name: string
  /** Its own columns, between those that every table of ticks has. */
  columns: readonly string[]
}

export const QUOTES: TickTable = { name: 'quotes', columns: ['bid_price', 'ask_price', 'bid_size', 'ask_size', 'source'] }

export const TRADES: TickTable = { name: 'trades', columns: ['price', 'size', 'source', 'venue', 'conditions'] }

export const OPTION_GREEKS: TickTable = {
  name: 'option_greeks',
  columns: ['basis', 'implied_volatility', 'delta', 'gamma', 'vega', 'theta', 'option_price', 'pv_dividend', 'underlying_price'],
}

export const STATISTICS: TickTable = { name: 'statistics', columns: ['name', 'value', 'text'] }

export const REJECTED_TICKS: TickTable = {
  name: 'rejected_ticks',
  columns: ['ts', 'session_id', 'seq', 'instrument_id', 'kind', 'rules', 'reason', 'tick'],
}

/** All columns of a table of ticks. */
export function tickColumns({ columns }: TickTable): string[] {
  return ['ts', 'session_id', 'seq', 'instrument_id', 'event_ts', ...columns, 'delayed', 'flags']
}
