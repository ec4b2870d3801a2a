/**
 * Writes batches of the journal into the database, each exactly once.
 *
 * A batch is one transaction. Its marker, the row of `batches`, is inserted first: when the outcome of an earlier attempt is
 * unknown (the connection broke at COMMIT), the marker of the next one waits for the old transaction, if it still runs, and then
 * takes a unique violation for "committed". Only the instruments are written before, in a transaction of their own.
 *
 * A batch is written in one go. When the database refuses what is in a row, the transaction is begun anew and the rows are
 * halved until the refused ones are found; they go to rejected_ticks and the rest of the batch to its tables.
 */

import pg from 'pg'

import type { Contract } from '../../market/contract.ts'
import { type ControlRecord, isTick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { type BrokerDividend, brokerDividend, brokerDividendsSql } from './broker-dividends.ts'
import { keepControlRecords, tabulateControlRecords } from './control-records.ts'
import {
  appendRejected,
  BatchEncoder,
  DATABASE_REFUSED,
  type EncodedBatch,
  type InstrumentNumber,
  refusalBy,
  rowSeq,
} from './copy-encode.ts'
import { copyAcceptable, copyIn, copyTables, refusal } from './copy-in.ts'
import { InstrumentNumbers } from './instruments.ts'
import { RuleBits } from './rule-bits.ts'
import type { DatabasePool } from '../pool.ts'
import { hasSqlState, isRowRefusal, UNIQUE_VIOLATION, writeErrorOf } from '../sqlstates.ts'
import { BEGIN, TRANSACTION_SETTINGS } from '../transaction.ts'
import { chained, chainStart } from '../verify/chain.ts'
import { ContentHash } from '../verify/content.ts'
import { RecordCursor } from '../tape/codec/decode.ts'
import { NO_INSTRUMENT } from '../tape/codec/record-layout.ts'

/** Longer than a backend can hold on to the marker after its client is gone (db/pool.ts). */
const STORE_LIMIT_MS = 120_000

/** Consecutive blocks of one session's journal that share a batch number. */
export interface Batch {
  sessionId: number
  batchNo: number
  /** Payloads of the blocks: tape records, 8-byte aligned. */
  blocks: readonly Uint8Array[]
  /** Absent: the batch before it is in the database. */
  place?: ChainPlace | undefined
  /** A statement that is committed with it. */
  also?: string | undefined
}

/** Where a batch stands among the batches of its session, which lanes write in any order. */
export interface ChainPlace {
  /** An earlier process may have committed it, and its journal may have been damaged since. */
  isRecovered: boolean
  /** Its own chain, once an attempt has found it. */
  chain: Buffer | undefined
  /** The chain of the batch before it, once that is known; undefined for the first one that this process writes of the session. */
  before: () => Promise<Buffer> | undefined
  /** To be called as soon as the chain of this one is known. */
  chained: (chain: Buffer) => void
}

/** What became of a batch. Accepted and quarantined ticks add up to all of its ticks, except for rows that a trigger skipped. */
export interface StoredBatch {
  /** An earlier attempt had written it. */
  alreadyCommitted: boolean
  /** Rows in the tables of their kinds. */
  acceptedTicks: number
  /** Rows in rejected_ticks. */
  quarantinedTicks: number
  /** The quarantined ticks that the database rejected, and no rule. */
  refusedTicks: number
  /** From the begin of the transaction to the answer to COMMIT. */
  commitMs: number
}

export interface TickStore {
  /**
   * Writes a batch, or finds that it is written. Call it again with the same batch after a failure, as long as it takes.
   *
   * @param contractOf explains the instruments of the batch's tape
   * @throws WriteError saying what to do; `retryable` when patience alone may help
   */
  store(batch: Batch, contractOf: (instrument: number) => Contract | undefined): Promise<StoredBatch>
}

export interface TickStoreOptions {
  pool: DatabasePool
  /** After this time the connection counts as dead. */
  limitMs?: number
}

export function createTickStore({ pool, limitMs = STORE_LIMIT_MS }: TickStoreOptions): TickStore {
  let known = nothingKnown()
  const content = new ContentHash()

  const storeOn = async (client: pg.ClientBase, batch: Batch, before: Buffer | undefined, scanned: Scanned): Promise<StoredBatch> => {
    const { contracts, renewed, controls, dividends, ruleNames, proof } = scanned
    const { instruments, rules, encoders } = known
    const chain = await chainOf(client, batch, before, proof.content)
    const numbers = await instruments.numbersOf(client, batch.sessionId, contracts, renewed)
    await rules.learn(client, ruleNames)
    const encoder = encoders.pop() ?? new BatchEncoder((rule) => rules.bitOf(rule))
    const startedMs = performance.now()
    const stored = await write(client, { ...batch, proof: { ...proof, chain }, controls, dividends, numbers, encoder })
    // An encoder whose batch failed may still be read by the socket, and is left to the garbage collector.
    encoders.push(encoder)
    return { ...stored, commitMs: performance.now() - startedMs }
  }

  return {
    async store(batch, contractOf) {
      const scanned = scan(batch.blocks, contractOf, content)
      try {
        // Without a connection: where there are fewer than lanes, the batch that is waited for needs it.
        const before = batch.place?.chain ? undefined : await batch.place?.before()
        return await pool.withClient((client) => within(limitMs, storeOn(client, batch, before, scanned)))
      } catch (error) {
        // The tables may be others when the next attempt finds them. What another lane is writing goes on with what it knows.
        known = nothingKnown()
        throw writeErrorOf(error, 'did not take a batch')
      }
    },
  }
}

/** What is remembered of the database. Encoders ask for the bits of rules. */
function nothingKnown() {
  return { instruments: new InstrumentNumbers(), rules: new RuleBits(), encoders: [] as BatchEncoder[] }
}

type ContractOf = (instrument: number) => Contract | undefined
type Written = Omit<StoredBatch, 'commitMs'>

/** What goes into the marker so that the batch can be proved later. */
interface Proof {
  firstSeq: number
  lastSeq: number
  content: Buffer
  chain: Buffer
}

interface Scanned {
  contracts: Map<number, Contract | undefined>
  renewed: Contract[]
  controls: ControlRecord[]
  dividends: BrokerDividend[]
  /** Of all rules that spoke. */
  ruleNames: Set<string>
  proof: Omit<Proof, 'chain'>
}

interface Work extends Batch {
  proof: Proof
  controls: readonly ControlRecord[]
  dividends: readonly BrokerDividend[]
  /** The number of every instrument in the batch. */
  numbers: ReadonlyMap<number, InstrumentNumber>
  encoder: BatchEncoder
}

/** What has to be known of a batch before it can be encoded. */
function scan(blocks: readonly Uint8Array[], contractOf: ContractOf, content: ContentHash): Scanned {
  const contracts = new Map<number, Contract | undefined>()
  const renewed: Contract[] = []
  const controls: ControlRecord[] = []
  const dividends: BrokerDividend[] = []
  const ruleNames = new Set<string>()
  const contractIn = (instrument: number) => {
    if (instrument !== NO_INSTRUMENT && !contracts.has(instrument)) contracts.set(instrument, contractOf(instrument))
    return contracts.get(instrument)
  }
  let [firstSeq, lastSeq] = [0, 0]
  const cursor = new RecordCursor()
  content.begin()
  for (const block of blocks) {
    cursor.reset(block)
    while (cursor.next()) {
      const { instrument, seq } = cursor
      if (firstSeq === 0) firstSeq = seq
      lastSeq = seq
      if (cursor.isPlainQuote) {
        content.addPlainQuote(cursor, contractIn)
        continue
      }
      const record = cursor.record()
      if (!isTick(record)) controls.push(record)
      else if (record.verdict)
        for (const { rule, evidence = [] } of record.verdict.findings) {
          ruleNames.add(rule)
          for (const leg of evidence) contractIn(leg)
        }
      if (record.kind === 'contract') {
        renewed.push(record.contract)
        contracts.set(instrument, record.contract)
      } else contractIn(instrument)
      const dividend = brokerDividend(record)
      if (dividend) dividends.push(dividend)
      content.add(record, contractIn)
    }
  }
  return { contracts, renewed, controls, dividends, ruleNames, proof: { firstSeq, lastSeq, content: content.digest() } }
}

/**
 * Chains a batch to the one before it. One that an earlier process wrote keeps the chain that it got then: of what is left of it in the
 * journal another one might come out.
 */
async function chainOf(
  client: pg.ClientBase,
  { sessionId, batchNo, place }: Batch,
  known: Buffer | undefined,
  content: Buffer,
): Promise<Buffer> {
  if (place?.chain) return place.chain
  const before = known ?? (batchNo === 1 ? chainStart(sessionId) : undefined)
  if (before && place?.isRecovered === false) {
    const chain = chained(before, batchNo, content)
    place.chained(chain)
    return chain
  }
  const answer: unknown = await client.query(
    `${TRANSACTION_SETTINGS}; SELECT batch_no, chain_hash FROM batches WHERE session_id = ${sessionId} AND batch_no IN (${batchNo - 1}, ${batchNo})`,
  )
  const { rows = [] } = (answer as pg.QueryResult<{ batch_no: string; chain_hash: Buffer | null }>[]).at(-1) ?? {}
  // Behind a batch of a version that kept no checksums a chain begins.
  const stored = new Map(rows.map(({ batch_no, chain_hash }) => [Number(batch_no), chain_hash ?? chainStart(sessionId)]))
  const chain = stored.get(batchNo) ?? chained(before ?? stored.get(batchNo - 1) ?? chainStart(sessionId), batchNo, content)
  place?.chained(chain)
  return chain
}

/** In as few messages as can be: the marker goes with the rows, and mostly COMMIT too. That is worth a tenth of the speed. */
async function write(client: pg.ClientBase, work: Work): Promise<Written> {
  const encoded = encode(work)
  const copies = [...encoded.tables, encoded.rejected, encoded.findings].filter(({ rows }) => rows.rows > 0)
  const hasMore = copies.length === 0 || work.controls.length > 0
  try {
    const taken = await copyTables(client, beginSql(work, encoded), copies, hasMore ? '' : finishSql(work, encoded))
    const written = countTaken(encoded, sum(taken.filter((_, i) => copies[i] !== encoded.findings)))
    // If the rows are already committed, a crash at this point leaves a marker that counts too many.
    if (written.acceptedTicks < encoded.acceptedTicks) await correctMarker(client, work, written)
    if (hasMore) await finish(client, work, encoded, work.controls)
    return written
  } catch (error) {
    if (!isRowRefusal(error)) throw error
    await client.query('ROLLBACK')
    return isMarkerTaken(error) ? readMarker(client, work) : writeCarefully(client, work, encoded)
  }
}

/** The same, row by row where it must be. `encoded` is what `work` encodes to. */
async function writeCarefully(client: pg.ClientBase, work: Work, encoded: EncodedBatch): Promise<Written> {
  const { sessionId, numbers } = work
  await client.query(beginSql(work, encoded))
  // What is checked only at COMMIT could not be pinned on a row.
  await client.query('SET CONSTRAINTS ALL IMMEDIATE')
  const refused = new Map<number, string>()
  let takenRows = 0
  for (const table of encoded.tables) {
    takenRows += await copyAcceptable(client, table, (row, reason) => refused.set(rowSeq(row), reason))
  }
  const settled = encode(work, refused)
  const { rows } = settled.rejected
  const numberOf = (instrument: number) => knownNumber(numbers, instrument)
  for (const record of work.controls) {
    // Each by itself: what one of its tables refuses is still played back.
    const unkept = await refusal(client, () => keepControlRecords(client, sessionId, [record], numberOf))
    const reason = (await refusal(client, () => tabulateControlRecords(client, sessionId, [record], numberOf))) ?? unkept
    if (reason !== undefined) appendRejected(rows, sessionId, record, undefined, refusalBy(DATABASE_REFUSED, reason))
  }
  if (rows.rows > 0) await copyIn(client, settled.rejected.copyFrom, rows.finish())
  const { findings } = settled
  if (findings.rows.rows > 0) await copyIn(client, findings.copyFrom, findings.rows.finish())
  const written = countTaken(settled, takenRows + settled.quarantinedTicks)
  await correctMarker(client, work, written)
  // What the tables refuse of them is still in `statistics`.
  if (work.dividends.length > 0) await refusal(client, async () => void (await client.query(dividendsSql(work))))
  await finish(client, { ...work, dividends: [] }, settled, [])
  return written
}

function encode({ encoder, sessionId, blocks, numbers }: Work, refused?: ReadonlyMap<number, string>): EncodedBatch {
  return encoder.encode(sessionId, blocks, (instrument) => numbers.get(instrument) ?? { refusal: 'it was not looked up' }, refused)
}

/** Begins the transaction with the batch's marker. */
function beginSql(
  { sessionId, batchNo, proof: { firstSeq, lastSeq, content, chain } }: Work,
  { acceptedTicks, quarantinedTicks, refusedTicks, firstTsUs, lastTsUs }: EncodedBatch,
): string {
  const bounds = firstTsUs <= lastTsUs ? `'${isoFromUs(firstTsUs)}', '${isoFromUs(lastTsUs)}'` : 'NULL, NULL'
  return `${BEGIN}; INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks, refused_ticks, first_ts, last_ts,
      first_seq, last_seq, content_hash, chain_hash)
    VALUES (${sessionId}, ${batchNo}, ${acceptedTicks}, ${quarantinedTicks}, ${refusedTicks}, ${bounds},
      ${firstSeq}, ${lastSeq}, '\\x${content.toString('hex')}', '\\x${chain.toString('hex')}')`
}

/** The batch is in the database already. */
function isMarkerTaken(error: unknown): boolean {
  return hasSqlState(error, UNIQUE_VIOLATION) && error.table === 'batches'
}

/** What follows the rows, up to COMMIT. */
async function finish(client: pg.ClientBase, work: Work, encoded: EncodedBatch, controls: readonly ControlRecord[]): Promise<void> {
  const numberOf = (instrument: number) => knownNumber(work.numbers, instrument)
  await keepControlRecords(client, work.sessionId, controls, numberOf)
  await tabulateControlRecords(client, work.sessionId, controls, numberOf)
  await client.query(finishSql(work, encoded))
}

/** The last statements of a batch. */
function finishSql(work: Work, encoded: EncodedBatch): string {
  return [dividendsSql(work), qualitySql(work, encoded), work.also, 'COMMIT'].filter(Boolean).join('; ')
}

/** Empty without dividends. */
function dividendsSql({ dividends, numbers }: Work): string {
  return brokerDividendsSql(dividends, (instrument) => knownNumber(numbers, instrument))
}

/** Empty without findings. */
function qualitySql({ sessionId, batchNo }: Batch, { quality }: EncodedBatch): string {
  if (quality.length === 0) return ''
  return `INSERT INTO data_quality (session_id, batch_no, rule, severity, disposition, ticks)
    SELECT ${sessionId}, ${batchNo}, rule, severity, disposition, ticks
    FROM jsonb_to_recordset(${pg.escapeLiteral(JSON.stringify(quality))}::jsonb) AS c(rule text, severity text, disposition text, ticks bigint)`
}

async function readMarker(client: pg.ClientBase, { sessionId, batchNo }: Batch): Promise<Written> {
  const { rows } = await client.query<Record<'accepted_ticks' | 'quarantined_ticks' | 'refused_ticks', string>>(
    'SELECT accepted_ticks, quarantined_ticks, refused_ticks FROM batches WHERE session_id = $1 AND batch_no = $2',
    [sessionId, batchNo],
  )
  const [marker] = rows
  if (!marker) throw new Error(`the marker of batch ${batchNo} was there and is gone`)
  return {
    alreadyCommitted: true,
    acceptedTicks: Number(marker.accepted_ticks),
    quarantinedTicks: Number(marker.quarantined_ticks),
    refusedTicks: Number(marker.refused_ticks),
  }
}

/** Rows that a trigger skipped are not refused rows; only the row count that COPY returns reveals them. */
function countTaken({ quarantinedTicks, refusedTicks }: EncodedBatch, takenRows: number): Written {
  return { alreadyCommitted: false, acceptedTicks: takenRows - quarantinedTicks, quarantinedTicks, refusedTicks }
}

/** Corrects what the marker was given before the rows. */
async function correctMarker(client: pg.ClientBase, { sessionId, batchNo }: Batch, written: Written): Promise<void> {
  const { acceptedTicks, quarantinedTicks, refusedTicks } = written
  await client.query(
    'UPDATE batches SET accepted_ticks = $3, quarantined_ticks = $4, refused_ticks = $5 WHERE session_id = $1 AND batch_no = $2',
    [sessionId, batchNo, acceptedTicks, quarantinedTicks, refusedTicks],
  )
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function knownNumber(numbers: ReadonlyMap<number, InstrumentNumber>, instrument: number): number | undefined {
  const number = numbers.get(instrument)
  return typeof number === 'number' ? number : undefined
}

/** Waits at most `limitMs`. What is waited for goes on, and fails when its connection is closed. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
