/** What a run did as CSV, a table a file: numbers as they are, times in UTC. */

import { contractKey } from '../../market/contract.ts'
import { isoFromUs } from '../../market/time.ts'
import { fromUnits } from '../engine/money.ts'
import type { RunSummary } from '../metrics/summary.ts'
import type { RunResult } from '../run/result.ts'

type Cell = string | number | boolean | undefined

export const CSV_TABLES = ['fills', 'orders', 'trips', 'days', 'equity'] as const
export type CsvTable = (typeof CSV_TABLES)[number]

export function runCsv(table: CsvTable, result: RunResult, summary: RunSummary): string {
  const contracts = new Map(result.instruments.map(({ instrument, contract }) => [instrument, contractKey(contract)]))
  const key = (instrument: number) => contracts.get(instrument) ?? instrument
  const rows: Readonly<Record<CsvTable, () => readonly (readonly Cell[])[]>> = {
    fills: () => [
      ['time', 'order', 'contract', 'side', 'quantity', 'price', 'commission', 'realised', 'taker'],
      ...result.fills.map((fill) => {
        const { tsUs, orderId, instrument, side, quantity, price, commission, realised, isTaker } = fill
        return [isoFromUs(tsUs), orderId, key(instrument), side, quantity, price, commission, realised, isTaker]
      }),
    ],
    orders: () => [
      ['given', 'order', 'contract', 'side', 'type', 'quantity', 'filled', 'status', 'reason'],
      ...result.orders.map(({ id, request, givenUs, filled, status, reason }) => {
        const { instrument, side, type, quantity } = request
        return [isoFromUs(givenUs), id, key(instrument), side, type, quantity, filled, status, reason]
      }),
    ],
    trips: () => [
      ['opened', 'closed', 'contract', 'direction', 'quantity', 'entry', 'exit', 'gross', 'costs', 'net'],
      ...summary.trips.map((trip) => {
        const { openedUs, closedUs, instrument, direction, quantity, entryPrice, exitPrice, gross, cost, net } = trip
        const amounts = [gross, cost, net].map(fromUnits)
        return [isoFromUs(openedUs), isoFromUs(closedUs), key(instrument), direction, quantity, entryPrice, exitPrice, ...amounts]
      }),
    ],
    days: () => [['date', 'equity', 'return'], ...summary.days.map((day) => [day.date, day.value, day.return])],
    equity: () => [
      ['time', 'equity', 'cash', 'exposure'],
      ...result.equity.map(({ tsUs, equity, cash, exposure }) => [isoFromUs(tsUs), equity, cash, exposure]),
    ],
  }
  return rows[table]()
    .map((row) => `${row.map(cellText).join(',')}\n`)
    .join('')
}

function cellText(cell: Cell): string {
  if (cell === undefined || Number.isNaN(cell)) return ''
  const text = String(cell)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
