/**
 * What the settings say of rates, dividends and borrow fees, as records, for a tape that no collector recorded: it says nothing of them. What
 * a tape says itself comes later and counts.
 */

import type { CarryRecord, TapeRecord } from '../../market/tick.ts'
import { nyse } from '../../market/calendar/calendar.ts'

export interface CarrySettings {
  /** Continuously compounded annual fraction, for every term. */
  rate: number
  underlyings: readonly {
    symbol: string
    currency: string
    /** Per share, by ex-date (`YYYY-MM-DD`). Empty: it pays none. Absent: not known. */
    dividends?: readonly { exDate: string; amount: number }[] | undefined
    /** Continuously compounded annual fraction. Absent: not known. */
    borrow?: number | undefined
  }[]
}

/** As a recording names what it took from its settings. */
const SOURCE = 'settings'

/** Returns a function that gives the records which belong behind a record: behind a contract, those that concern it. */
export function standInCarry({ rate, underlyings }: CarrySettings): (record: TapeRecord) => CarryRecord[] {
  const currencies = new Set<string>()
  return (record) => {
    if (record.kind !== 'contract') return []
    const { seq, tsUs, instrument, contract } = record
    const { kind, symbol, currency } = contract
    const base = { kind: 'carry' as const, seq, tsUs, asOf: nyse.zone.dateOf(tsUs), source: SOURCE }
    const records: CarryRecord[] = []
    if (!currencies.has(currency)) records.push({ ...base, input: 'rates', currency, points: [{ days: 0, rate }] })
    currencies.add(currency)
    const own = kind === 'option' ? undefined : underlyings.find((named) => named.symbol === symbol && named.currency === currency)
    const payments = own?.dividends?.toSorted((a, b) => (a.exDate < b.exDate ? -1 : 1))
    if (payments) records.push({ ...base, input: 'dividends', instrument, payments })
    if (own?.borrow !== undefined) records.push({ ...base, input: 'borrow', instrument, rate: own.borrow })
    return records
  }
}
