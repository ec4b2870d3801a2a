/**
 * Ticks as lines of text that keep every figure: the one shape that `replay --ndjson` and `export` write them in, as CSV (RFC 4180) or
 * NDJSON. docs/export.md describes it.
 */

import { type Contract, contractKey } from '../../market/contract.ts'
import { marksText } from '../../market/marks.ts'
import { allFieldNames } from '../../market/tick-fields.ts'
import { isTick, type TapeRecord, type Tick, type Verdict } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'

export type ExportFormat = 'csv' | 'ndjson'

/** JSON text: in CSV a text, in NDJSON what it says. */
interface Json {
  json: string
}
type Value = number | string | true | Json | undefined

const HEAD = ['ts', 'sessionId', 'seq', 'kind'] as const
const CONTRACT = ['contract', 'symbol', 'expiry', 'strike', 'right'] as const
const OWN = allFieldNames()
const VERDICT = ['disposition', 'rules', 'reason'] as const

/** Written down in docs/export.md. New ones go to the end: programs may read by position. */
export const EXPORT_COLUMNS: readonly string[] = [...HEAD, ...CONTRACT, 'eventTs', ...OWN, ...VERDICT, 'delayed', 'marks', 'findings']

export interface LineFormat {
  /** Comes first; empty for NDJSON. */
  header: string
  /** A tick with its line end. A control record has no line: contracts are kept and explain the ticks behind them. */
  line: (record: TapeRecord, sessionId: number) => string
}

/** @param contracts explains instruments before any record does; what nothing explains stays without contract */
export function createLineFormat(format: ExportFormat, contracts: ReadonlyMap<number, Contract> = new Map()): LineFormat {
  const field = format === 'csv' ? csvField : jsonField
  const contractTexts = new Map([...contracts].map(([instrument, contract]) => [instrument, contractText(contract, field)]))
  const keys = new Map([...contracts].map(([instrument, contract]) => [instrument, contractKey(contract)]))
  const keyOf = (instrument: number) => keys.get(instrument) ?? 'unknown'
  const noContract = contractText(undefined, field)
  const noVerdict = verdictTexts(undefined, keyOf, field)
  const verdictOf = ({ verdict }: Tick) => (verdict ? verdictTexts(verdict, keyOf, field) : noVerdict)
  return {
    header: format === 'csv' ? `${EXPORT_COLUMNS.join(',')}\n` : '',
    line(record, sessionId) {
      if (record.kind === 'contract') {
        contractTexts.set(record.instrument, contractText(record.contract, field))
        keys.set(record.instrument, contractKey(record.contract))
      }
      if (!isTick(record)) return ''
      const text = tickText(record, sessionId, contractTexts.get(record.instrument) ?? noContract, verdictOf(record), field)
      // Every field begins with a comma, also the first.
      return format === 'csv' ? `${text.slice(1)}\n` : `{${text.slice(1)}}\n`
    },
  }
}

type Field = (name: string, value: Value) => string

function tickText(tick: Tick, sessionId: number, contract: string, [summary, findings]: VerdictTexts, field: Field): string {
  const { tsUs, eventTsUs, delayed, marks } = tick
  const own = tick as unknown as Record<string, Value>
  let text = field('ts', isoFromUs(tsUs)) + field('sessionId', sessionId) + field('seq', tick.seq) + field('kind', tick.kind)
  text += contract
  text += field('eventTs', eventTsUs === undefined ? undefined : isoFromUs(eventTsUs))
  for (const name of OWN) text += field(name, own[name])
  return text + summary + field('delayed', delayed) + field('marks', marksText(marks)) + findings
}

/** What stands in the columns of a verdict: the three of its summary, and all that it found. */
type VerdictTexts = readonly [summary: string, findings: string]

function verdictTexts(verdict: Verdict | undefined, keyOf: (instrument: number) => string, field: Field): VerdictTexts {
  const findings = verdict?.findings ?? []
  const summary: Record<(typeof VERDICT)[number], Value> = {
    disposition: verdict?.disposition,
    rules: verdict && findings.map(({ rule }) => rule).join(','),
    reason: verdict && findings.map(({ reason }) => reason).join('; '),
  }
  // Outside of tape and database an instrument has no number.
  const whole = findings.map(({ evidence, ...finding }) => ({ ...finding, ...(evidence && { evidence: evidence.map(keyOf) }) }))
  return [VERDICT.map((name) => field(name, summary[name])).join(''), field('findings', verdict && { json: JSON.stringify(whole) })]
}

function contractText(contract: Contract | undefined, field: Field): string {
  const none = { contract: undefined, symbol: undefined, expiry: undefined, strike: undefined, right: undefined }
  const fields: Record<(typeof CONTRACT)[number], Value> = { ...none, ...contract, contract: contract && contractKey(contract) }
  return CONTRACT.map((name) => field(name, fields[name])).join('')
}

/** Absent is nothing, an empty text is a pair of quotes. */
function csvField(_name: string, value: Value): string {
  if (value === undefined) return ','
  if (typeof value === 'number') return `,${shortest(value)}`
  if (value === true) return ',true'
  const text = typeof value === 'object' ? value.json : value
  return text === '' || /[",\r\n]/.test(text) ? `,"${text.replaceAll('"', '""')}"` : `,${text}`
}

/** JSON knows no infinity: it becomes a text. */
function jsonField(name: string, value: Value): string {
  if (value === undefined) return ''
  if (value === true) return `,"${name}":true`
  if (typeof value === 'object') return `,"${name}":${value.json}`
  return `,"${name}":${typeof value === 'number' && Number.isFinite(value) ? shortest(value) : JSON.stringify(String(value))}`
}

/** The fewest digits that read back as the same float. */
function shortest(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
