/** Where a result came from: which instruments, and which hours of the day. */

import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import { describeContract } from '../../market/contract.ts'
import { fromUnits } from '../engine/money.ts'
import type { RoundTrip } from '../metrics/round-trips.ts'
import { tradeMetrics } from '../metrics/trades.ts'
import type { RunResult } from '../run/result.ts'

export interface Attributed {
  name: string
  trades: number
  winRate: number
  gross: number
  costs: number
  net: number
}

/** Of round trips, those first that brought or cost most. */
export function byInstrument({ instruments }: Pick<RunResult, 'instruments'>, trips: readonly RoundTrip[]): Attributed[] {
  return grouped(trips, ({ instrument }) => instrument)
    .map(([instrument, ofIt]) => attributed(instrumentName(instruments, instrument), ofIt))
    .sort((one, other) => Math.abs(other.net) - Math.abs(one.net))
}

/** Of round trips, by the hour at the exchange in which they were opened. */
export function byHour(trips: readonly RoundTrip[], calendar: TradingCalendar): Attributed[] {
  return grouped(trips, ({ openedUs }) => Math.floor(calendar.zone.msOfDay(openedUs) / 3_600_000))
    .sort(([one], [other]) => one - other)
    .map(([hour, ofIt]) => attributed(`${String(hour).padStart(2, '0')}:00`, ofIt))
}

/** `TWX 2014-06-21 70 C`; of what no contract is known the number. */
export function instrumentName(instruments: RunResult['instruments'], instrument: number): string {
  const contract = instruments.find((one) => one.instrument === instrument)?.contract
  return contract ? describeContract(contract) : `instrument ${instrument}`
}

function grouped<K>(trips: readonly RoundTrip[], keyOf: (trip: RoundTrip) => K): [K, RoundTrip[]][] {
  const groups = new Map<K, RoundTrip[]>()
  for (const trip of trips) {
    const group = groups.get(keyOf(trip))
    if (group) group.push(trip)
    else groups.set(keyOf(trip), [trip])
  }
  return [...groups]
}

function attributed(name: string, trips: readonly RoundTrip[]): Attributed {
  const { count, winRate, gross, costs, net } = tradeMetrics(trips)
  return { name, trades: count, winRate, gross: fromUnits(gross), costs: fromUnits(costs), net: fromUnits(net) }
}
