/**
 * Transcodes the ticks of a batch from tape records into binary COPY rows, table by table. Quotes, which are nearly
 * everything, go from bytes to bytes without an object in between.
 *
 * A tick goes into its own table, or into rejected_ticks when a rule quarantined it, when its instrument has no number in the
 * database, when it cannot be a row, or when the database refused it before.
 */

import { marksText } from '../../market/marks.ts'
import { type Finding, isTick, type TapeRecord, type Tick, type Verdict } from '../../market/tick.ts'
import { CopyBuffer } from '../copy-buffer.ts'
import { jsonbText, storableText } from '../jsonb.ts'
import { RecordCursor } from '../tape/codec/decode.ts'
import { RecordKind } from '../tape/codec/record-layout.ts'
import { storableRule } from './rule-bits.ts'
import { AS_RECORDED, FINDINGS, OPTION_GREEKS, QUOTES, REJECTED_TICKS, STATISTICS, TRADES, tickColumns } from '../schema/tick-tables.ts'

/** Value of `rejected_ticks.rules` for a tick whose instrument the tape did not explain or the database did not take. */
const UNKNOWN_INSTRUMENT = 'unknown-instrument'
/** Value of `rejected_ticks.rules` for a row that the database did not take. */
export const DATABASE_REFUSED = 'database-refused'

/** The database's number of an instrument, or why it has none. */
export type InstrumentNumber = number | { refusal: string }

/** Stands for an instrument that has none, by the tape's number of it: below all that a database gives. */
export const refusedNumber = (tapeNumber: number) => -1 - tapeNumber

/** Rows for one table. */
export interface TableRows {
  /** The COPY statement that takes them. */
  copyFrom: string
  fields: number
  rows: CopyBuffer
}

/** A batch as COPY data. The buffers are the encoder's: use them before the next `encode`. */
export interface EncodedBatch {
  /** Tables of ticks with at least one row. */
  tables: TableRows[]
  rejected: TableRows
  acceptedTicks: number
  quarantinedTicks: number
  /** Those quarantined by no rule. */
  refusedTicks: number
  /** Bounds of the times of its ticks; infinite without any. */
  firstTsUs: number
  lastTsUs: number
  findings: TableRows
  /** What the findings add up to, by rule, severity and disposition. */
  quality: readonly FindingCount[]
}

export interface FindingCount extends Pick<Finding, 'rule' | 'severity' | 'disposition'> {
  ticks: number
}

/** Of an int2. A verdict has one finding for each rule. */
const MAX_ORDINAL = 32_767

/** Encodes batches one after the other, in buffers that it keeps. */
export class BatchEncoder {
  readonly #cursor = new RecordCursor()
  readonly #quotes = tableRows(QUOTES.name, tickColumns(QUOTES))
  readonly #trades = tableRows(TRADES.name, tickColumns(TRADES))
  readonly #greeks = tableRows(OPTION_GREEKS.name, tickColumns(OPTION_GREEKS))
  readonly #statistics = tableRows(STATISTICS.name, tickColumns(STATISTICS))
  readonly #rejected = tableRows(REJECTED_TICKS.name, REJECTED_TICKS.columns)
  readonly #findings = tableRows(FINDINGS.name, FINDINGS.columns)
  readonly #bitOf: (rule: string) => number

  /** @param bitOf the bit that stands for a rule in the column `rules` */
  constructor(bitOf: (rule: string) => number) {
    this.#bitOf = bitOf
  }

  /**
   * Encodes all ticks of `blocks`.
   *
   * @param numberOf gives the database's number of a tape's instrument
   * @param refused why the database refused a row before, by seq
   */
  encode(
    sessionId: number,
    blocks: readonly Uint8Array[],
    numberOf: (instrument: number) => InstrumentNumber,
    refused?: ReadonlyMap<number, string>,
  ): EncodedBatch {
    const tables = [this.#quotes, this.#trades, this.#greeks, this.#statistics]
    for (const { rows } of [...tables, this.#rejected, this.#findings]) rows.clear()
    const quality = new Map<string, FindingCount>()
    let firstTsUs = Number.POSITIVE_INFINITY
    let lastTsUs = Number.NEGATIVE_INFINITY
    let refusedTicks = 0
    const cursor = this.#cursor
    for (const block of blocks) {
      cursor.reset(block)
      while (cursor.next()) {
        if (!cursor.isTick) continue
        const { tsUs } = cursor
        if (tsUs < firstTsUs) firstTsUs = tsUs
        if (tsUs > lastTsUs) lastTsUs = tsUs
        const verdict = cursor.hasVerdict ? cursor.verdict() : undefined
        if (verdict) countFindings(quality, verdict.findings)
        const number = numberOf(cursor.instrument)
        const instrumentId = typeof number === 'number' ? number : undefined
        const refusal = refusalOf(cursor, number, refused)
        if (verdict || refusal)
          this.#addFindings(sessionId, instrumentId, [...(verdict?.findings ?? []), ...(refusal ? [refusal] : [])], numberOf)
        if (refusal && !cursor.isQuarantined) refusedTicks++
        if (instrumentId === undefined || refusal || cursor.isQuarantined) this.#reject(sessionId, instrumentId, refusal)
        else this.#accept(sessionId, instrumentId, verdict)
      }
    }
    return {
      tables: tables.filter(({ rows }) => rows.rows > 0),
      rejected: this.#rejected,
      acceptedTicks: tables.reduce((sum, { rows }) => sum + rows.rows, 0),
      quarantinedTicks: this.#rejected.rows.rows,
      refusedTicks,
      firstTsUs,
      lastTsUs,
      findings: this.#findings,
      quality: [...quality.values()],
    }
  }

  #addFindings(
    sessionId: number,
    instrumentId: number | undefined,
    findings: readonly Finding[],
    numberOf: (instrument: number) => InstrumentNumber,
  ): void {
    const { tsUs, seq } = this.#cursor
    const idOf = (instrument: number) => {
      const number = numberOf(instrument)
      return typeof number === 'number' ? number : refusedNumber(instrument)
    }
    appendFindings(this.#findings.rows, { sessionId, tsUs, seq, judgementId: AS_RECORDED, instrumentId, findings, idOf })
  }

  #accept(sessionId: number, instrumentId: number, verdict: Verdict | undefined): void {
    const cursor = this.#cursor
    if (cursor.kind !== RecordKind.quote) {
      this.#acceptTick(sessionId, instrumentId, verdict)
      return
    }
    const { rows, fields } = this.#quotes
    beginTick(rows, fields, cursor, sessionId, instrumentId)
    rows.float(cursor.number(1))
    rows.float(cursor.number(3))
    rows.float(cursor.number(2))
    rows.float(cursor.number(4))
    rows.text(cursor.quoteSource)
    endTick(rows, cursor, verdict, this.#bitOf)
  }

  #acceptTick(sessionId: number, instrumentId: number, verdict: Verdict | undefined): void {
    const cursor = this.#cursor
    const tick = cursor.record()
    switch (tick.kind) {
      case 'trade': {
        const { rows, fields } = this.#trades
        beginTick(rows, fields, cursor, sessionId, instrumentId)
        rows.float(tick.price)
        rows.float(tick.size ?? Number.NaN)
        rows.text(tick.source)
        rows.text(tick.venue)
        rows.text(tick.conditions)
        endTick(rows, cursor, verdict, this.#bitOf)
        return
      }
      case 'greeks': {
        const { rows, fields } = this.#greeks
        beginTick(rows, fields, cursor, sessionId, instrumentId)
        rows.text(tick.basis)
        for (let i = 1; i <= 8; i++) rows.float(cursor.number(i))
        endTick(rows, cursor, verdict, this.#bitOf)
        return
      }
      case 'statistic': {
        const { rows, fields } = this.#statistics
        beginTick(rows, fields, cursor, sessionId, instrumentId)
        rows.text(tick.name)
        rows.float(tick.value ?? Number.NaN)
        rows.text(tick.text)
        endTick(rows, cursor, verdict, this.#bitOf)
        return
      }
      default:
        throw new Error(`A record of kind ${tick.kind} was taken for a tick.`)
    }
  }

  #reject(sessionId: number, instrumentId: number | undefined, refusal: Finding | undefined): void {
    appendRejected(this.#rejected.rows, sessionId, this.#cursor.record(), instrumentId, refusal)
  }
}

/**
 * Appends a row of rejected_ticks, which the database takes whatever the record holds.
 *
 * @param refusal what rejects it beside the rules of its verdict
 */
export function appendRejected(
  rows: CopyBuffer,
  sessionId: number,
  record: TapeRecord,
  instrumentId: number | undefined,
  refusal: Finding | undefined,
): void {
  const { kind, seq, tsUs, ...fields } = record
  const { verdict, marks, ...rest } = isTick(record)
    ? (fields as Omit<Tick, 'kind' | 'seq' | 'tsUs'>)
    : { ...fields, verdict: undefined, marks: undefined }
  rows.row(REJECTED_TICKS.columns.length)
  rows.time(tsUs)
  rows.integer(sessionId)
  rows.integer(seq)
  if (instrumentId === undefined) rows.null()
  else rows.integer(instrumentId)
  rows.text(kind)
  const findings = [...(verdict?.findings ?? []), ...(refusal ? [refusal] : [])]
  rows.text(storableText(findings.map(({ rule }) => rule).join(',')))
  rows.text(storableText(findings.map(({ reason }) => reason).join('; ')))
  rows.jsonb(jsonbText({ ...rest, marks: marksText(marks) }))
}

/** The seq of one encoded row of a table of ticks. */
export function rowSeq(row: Buffer): number {
  // Behind the count of fields and the fields ts and session_id, each a length and 8 bytes, and its own length.
  return Number(row.readBigInt64BE(2 + 12 + 12 + 4))
}

export function copyStatement({ name, columns }: { name: string; columns: readonly string[] }): string {
  return `COPY ${name} (${columns.join(', ')}) FROM STDIN BINARY`
}

function tableRows(name: string, columns: readonly string[]): TableRows {
  return { copyFrom: copyStatement({ name, columns }), fields: columns.length, rows: new CopyBuffer() }
}

function beginTick(rows: CopyBuffer, fields: number, cursor: RecordCursor, sessionId: number, instrumentId: number): void {
  rows.row(fields)
  rows.time(cursor.tsUs)
  rows.integer(sessionId)
  rows.integer(cursor.seq)
  rows.integer(instrumentId)
  const eventTsUs = cursor.number(0)
  if (Number.isNaN(eventTsUs)) rows.null()
  else rows.time(eventTsUs)
}

function endTick(rows: CopyBuffer, cursor: RecordCursor, verdict: Verdict | undefined, bitOf: (rule: string) => number): void {
  if (cursor.isDelayed) rows.boolean(true)
  else rows.null()
  rows.text(marksText(cursor.marks))
  if (verdict) appendBits(rows, verdict.findings, bitOf)
  else rows.null()
}

function appendBits(rows: CopyBuffer, findings: readonly Finding[], bitOf: (rule: string) => number): void {
  let [high, low] = [0, 0]
  for (const { rule } of findings) {
    const bit = bitOf(rule)
    if (bit < 32) low |= 1 << bit
    else high |= 1 << (bit - 32)
  }
  rows.bits(high, low)
}

/** Whose findings are stored, and under which judgement. */
interface FoundRows {
  sessionId: number
  tsUs: number
  seq: number
  judgementId: number
  instrumentId: number | undefined
  findings: readonly Finding[]
  /** The database's number of an instrument that a finding rests on. */
  idOf: (instrument: number) => number
}

/** Appends a row of `findings` for each. */
export function appendFindings(rows: CopyBuffer, { sessionId, tsUs, seq, judgementId, instrumentId, findings, idOf }: FoundRows): void {
  for (const [ordinal, { rule, severity, disposition, reason, evidence }] of findings.entries()) {
    rows.row(FINDINGS.columns.length)
    rows.time(tsUs)
    rows.integer(sessionId)
    rows.integer(seq)
    rows.integer(judgementId)
    rows.smallint(Math.min(ordinal, MAX_ORDINAL))
    if (instrumentId === undefined) rows.null()
    else rows.integer(instrumentId)
    rows.text(storableRule(rule))
    rows.text(severity)
    rows.text(disposition)
    rows.text(storableText(reason))
    if (evidence && evidence.length > 0) rows.integers(evidence.map(idOf))
    else rows.null()
  }
}

/** Why the tick cannot be a row of its table, if so. */
function refusalOf(cursor: RecordCursor, number: InstrumentNumber, refused: ReadonlyMap<number, string> | undefined): Finding | undefined {
  if (typeof number !== 'number') return refusalBy(UNKNOWN_INSTRUMENT, number.refusal)
  const reason = refused?.get(cursor.seq) ?? eventTimeRefusal(cursor.number(0))
  return reason === undefined ? undefined : refusalBy(DATABASE_REFUSED, reason)
}

/** The finding of a rule that is none of ours. */
export function refusalBy(rule: typeof UNKNOWN_INSTRUMENT | typeof DATABASE_REFUSED, reason: string): Finding {
  return { rule, severity: 'error', disposition: 'quarantine', reason }
}

/** A venue's time that is no count of microseconds would be another one in the database. */
function eventTimeRefusal(eventTsUs: number): string | undefined {
  if (Number.isSafeInteger(eventTsUs) || Number.isNaN(eventTsUs)) return undefined
  return `its event time ${eventTsUs} is no whole number of microseconds`
}

function countFindings(counts: Map<string, FindingCount>, findings: readonly Finding[]): void {
  for (const { rule, severity, disposition } of findings) {
    const key = `${severity} ${disposition} ${storableRule(rule)}`
    const count = counts.get(key)
    if (count) count.ticks++
    else counts.set(key, { rule: storableRule(rule), severity, disposition, ticks: 1 })
  }
}
