/** Ticks as lines of text that keep every figure: the columns of an export, in their order, as CSV (RFC 4180) or NDJSON. */

import { type Contract, contractKey } from '../../market/contract.ts'
import type { Tick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'

export type ExportFormat = 'csv' | 'ndjson'

type Value = number | string | true | undefined

const HEAD = ['ts', 'sessionId', 'seq', 'kind'] as const
const CONTRACT = ['contract', 'symbol', 'expiry', 'strike', 'right'] as const
const OWN = [
  'bidPrice',
  'bidSize',
  'askPrice',
  'askSize',
  'price',
  'size',
  'source',
  'venue',
  'conditions',
  'basis',
  'impliedVolatility',
  'delta',
  'gamma',
  'vega',
  'theta',
  'optionPrice',
  'pvDividend',
  'underlyingPrice',
  'name',
  'value',
  'text',
] as const
const VERDICT = ['severity', 'rules', 'reason'] as const

/** Written down in docs/export.md. New ones go to the end: programs may read by position. */
export const EXPORT_COLUMNS = [...HEAD, ...CONTRACT, 'eventTs', ...OWN, ...VERDICT, 'delayed'] as const

export interface LineFormat {
  /** Comes first; empty for NDJSON. */
  header: string
  /** One tick with its line end. */
  line: (tick: Tick) => string
}

/** @param contracts explains the instruments of the ticks; what is not in it stays without contract */
export function createLineFormat(format: ExportFormat, sessionId: number, contracts: ReadonlyMap<number, Contract>): LineFormat {
  const field = format === 'csv' ? csvField : jsonField
  const contractTexts = new Map([...contracts].map(([instrument, contract]) => [instrument, contractText(contract, field)]))
  const noContract = contractText(undefined, field)
  return {
    header: format === 'csv' ? `${EXPORT_COLUMNS.join(',')}\n` : '',
    line(tick) {
      const { tsUs, eventTsUs, delayed, verdict } = tick
      const own: Partial<Record<(typeof OWN)[number], Value>> = tick
      let text = field('ts', isoFromUs(tsUs)) + field('sessionId', sessionId) + field('seq', tick.seq) + field('kind', tick.kind)
      text += contractTexts.get(tick.instrument) ?? noContract
      text += field('eventTs', eventTsUs === undefined ? undefined : isoFromUs(eventTsUs))
      for (const name of OWN) text += field(name, own[name])
      for (const name of VERDICT) text += field(name, verdict?.[name])
      text += field('delayed', delayed)
      // Every field begins with a comma, also the first.
      return format === 'csv' ? `${text.slice(1)}\n` : `{${text.slice(1)}}\n`
    },
  }
}

function contractText(contract: Contract | undefined, field: (name: string, value: Value) => string): string {
  const none = { contract: undefined, symbol: undefined, expiry: undefined, strike: undefined, right: undefined }
  const fields: Record<(typeof CONTRACT)[number], Value> = { ...none, ...contract, contract: contract && contractKey(contract) }
  return CONTRACT.map((name) => field(name, fields[name])).join('')
}

/** Absent is nothing, an empty text is a pair of quotes. */
function csvField(_name: string, value: Value): string {
  if (value === undefined) return ','
  if (typeof value === 'number') return `,${shortest(value)}`
  if (value === true) return ',true'
  return value === '' || /[",\r\n]/.test(value) ? `,"${value.replaceAll('"', '""')}"` : `,${value}`
}

/** JSON knows no infinity: it becomes a text. */
function jsonField(name: string, value: Value): string {
  if (value === undefined) return ''
  if (value === true) return `,"${name}":true`
  return `,"${name}":${typeof value === 'number' && Number.isFinite(value) ? shortest(value) : JSON.stringify(String(value))}`
}

/** The fewest digits that read back as the same float. */
function shortest(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
