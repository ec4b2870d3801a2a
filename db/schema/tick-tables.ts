/** The tables of ticks and the order of the columns in which rows are copied into them and out of them. */

import { DELAYED, EVENT_TIME, MARKS, RULES, TICK_FIELDS } from '../../market/tick-fields.ts'
import type { Tick } from '../../market/tick.ts'

export interface TickTable {
  name: string
  /** The kind of its ticks. */
  kind: Tick['kind']
}

export const QUOTES: TickTable = { name: 'quotes', kind: 'quote' }
export const TRADES: TickTable = { name: 'trades', kind: 'trade' }
export const OPTION_GREEKS: TickTable = { name: 'option_greeks', kind: 'greeks' }
export const STATISTICS: TickTable = { name: 'statistics', kind: 'statistic' }

/** One for each kind of tick. */
export const TICK_TABLES: readonly TickTable[] = [QUOTES, TRADES, OPTION_GREEKS, STATISTICS]

export const REJECTED_TICKS = {
  name: 'rejected_ticks',
  columns: ['ts', 'session_id', 'seq', 'instrument_id', 'kind', 'rules', 'reason', 'tick'],
} as const

export const FINDINGS = {
  name: 'findings',
  columns: ['ts', 'session_id', 'seq', 'judgement_id', 'ordinal', 'instrument_id', 'rule', 'severity', 'disposition', 'reason', 'evidence'],
} as const

/** The judgement that was recorded. */
export const AS_RECORDED = 0

/** All columns of a table of ticks, as they are written. */
export function tickColumns({ kind }: TickTable): string[] {
  return ['ts', 'session_id', 'seq', 'instrument_id', ...fieldColumns(kind)]
}

/** The columns of a kind's fields, behind those that say which tick it is. */
export function fieldColumns(kind: Tick['kind']): string[] {
  return [EVENT_TIME, ...TICK_FIELDS[kind], DELAYED, MARKS, RULES].map(({ column }) => column)
}
