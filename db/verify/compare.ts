/** Compares a record of the database with the same one of the journal, field by field. */

import { contractKey } from '../../market/contract.ts'
import { DELAYED, EVENT_TIME, MARKS, TICK_FIELDS } from '../../market/tick-fields.ts'
import { isTick, type TapeRecord, type Tick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { storableText } from '../jsonb.ts'
import { storableRule } from '../write/rule-bits.ts'
import { TICK_TABLES } from '../schema/tick-tables.ts'
import { canonicalJson, type ContractOf, recordedFindings } from './content.ts'

export interface Difference {
  table: string
  column: string
  /** What the journal has. */
  expected: string
  /** What the database has. */
  found: string
}

const COLUMNS: Readonly<Record<Tick['kind'], readonly { name: string; column: string }[]>> = {
  quote: [EVENT_TIME, ...TICK_FIELDS.quote, DELAYED, MARKS],
  trade: [EVENT_TIME, ...TICK_FIELDS.trade, DELAYED, MARKS],
  greeks: [EVENT_TIME, ...TICK_FIELDS.greeks, DELAYED, MARKS],
  statistic: [EVENT_TIME, ...TICK_FIELDS.statistic, DELAYED, MARKS],
}

/** The columns in which a record of the database is not what the journal has; none when it is the same. */
export function differences(found: TapeRecord, ofDatabase: ContractOf, journaled: TapeRecord, ofJournal: ContractOf): Difference[] {
  const table = tableOf(found)
  const at = (column: string, expected: unknown, actual: unknown) => ({ table, column, expected: shown(expected), found: shown(actual) })
  if (found.kind !== journaled.kind) return [at('kind', journaled.kind, found.kind)]
  const different: Difference[] = []
  if (found.tsUs !== journaled.tsUs) different.push(at('ts', isoFromUs(journaled.tsUs), isoFromUs(found.tsUs)))
  if (!isTick(found) || !isTick(journaled)) {
    const [wanted, actual] = [controlText(journaled, ofJournal), controlText(found, ofDatabase)]
    if (wanted !== actual) different.push(at('record', wanted, actual))
    return different
  }
  const [wanted, actual] = [keyOf(journaled.instrument, ofJournal), keyOf(found.instrument, ofDatabase)]
  if (wanted !== actual) different.push(at('instrument_id', wanted, actual))
  const [expected, values] = [journaled, found] as unknown as [Record<string, unknown>, Record<string, unknown>]
  for (const { name, column } of COLUMNS[found.kind])
    if (!Object.is(present(expected[name]), present(values[name]))) different.push(at(column, expected[name], values[name]))
  if (found.verdict || journaled.verdict) {
    const [spoken, kept] = [verdictText(journaled, ofJournal), verdictText(found, ofDatabase)]
    if (spoken !== kept) different.push({ ...at('reason', spoken, kept), table: 'findings' })
  }
  return different
}

/** The table that keeps a record. */
export function tableOf(record: TapeRecord): string {
  if (!isTick(record)) return 'control_records'
  if (isRejected(record)) return 'rejected_ticks'
  return TICK_TABLES.find(({ kind }) => kind === record.kind)?.name ?? record.kind
}

/** Whether a tick of the database is in the table of those that were kept out. */
export function isRejected({ verdict }: Tick): boolean {
  return verdict?.disposition === 'quarantine'
}

/** A number that is absent is NaN on tapes and nothing elsewhere. */
function present(value: unknown): unknown {
  return value !== value ? undefined : value
}

function keyOf(instrument: number, contractOf: ContractOf): string {
  const contract = contractOf(instrument)
  return contract ? contractKey(contract) : ''
}

function verdictText({ verdict }: Tick, contractOf: ContractOf): string {
  const findings = recordedFindings(verdict)?.map(({ rule, severity, disposition, reason, evidence = [] }) => {
    const legs: string[] = evidence.map((instrument) => keyOf(instrument, contractOf))
    return [storableRule(rule), severity, disposition, storableText(reason), legs]
  })
  return JSON.stringify(findings ?? null)
}

function controlText(record: TapeRecord, contractOf: ContractOf): string {
  const { kind: _kind, seq: _seq, tsUs: _tsUs, ...fields } = record
  return canonicalJson(
    'instrument' in record && record.instrument !== undefined ? { ...fields, instrument: keyOf(record.instrument, contractOf) } : fields,
  )
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  return typeof value === 'string' ? value : Object.is(value, -0) ? '-0' : (JSON.stringify(value) ?? 'nothing')
}
