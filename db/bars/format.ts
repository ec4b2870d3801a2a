/** How a file of bars or of corporate actions is to be read: its columns, its dates, and what its rows are about. */

/** What a column can hold, by our names. */
export const COLUMN_NAMES = ['symbol', 'date', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades', 'dividend', 'split'] as const
export type ColumnName = (typeof COLUMN_NAMES)[number]

export interface BarFormat {
  /** The file's own names of columns, where they are not among those that are known (columns.ts). */
  columns: Partial<Record<ColumnName, string>>
  /** As in dates.ts. Absent: ISO 8601. */
  dateFormat?: string | undefined
  /** ISO 4217. */
  currency: string
  /** Code of the market whose clocks and sessions the rows follow: XNYS. */
  calendar: string
  kind: 'stock' | 'index'
  /** Of every row, where the file has no column for it. */
  symbol?: string | undefined
  /** Length of a bar; 86400 is a market day. */
  seconds: number
  /** Whether the time of a bar is that of its begin or of its end. Of days it makes no difference. */
  stamp: 'start' | 'end'
  /** Who published it, in a word. */
  source: string
}
