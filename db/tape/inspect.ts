/** Looks at tape files for people: what is on one, whether it is sound, and its records one by one. */

import { stat } from 'node:fs/promises'

import { type Contract, contractKey } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import { marksText } from '../../market/marks.ts'
import { isTick, type TapeRecord, type Verdict } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { RecordCursor } from './codec/decode.ts'
import { RecordKind } from './codec/record-layout.ts'
import { placed, readBlocks, readTapeHeader, type TapeBlock, type TornTail } from './reader.ts'
import { BLOCK_HEAD_BYTES, type TapeMeta } from './file-layout.ts'

type Kind = TapeRecord['kind']

export interface TapeInfo {
  path: string
  meta: TapeMeta
  /** Bytes of the file, a torn tail included. */
  bytes: number
  blocks: number
  /** Records of all kinds. */
  records: number
  recordsByKind: Partial<Record<Kind, number>>
  instruments: number
  /** Contracts of the instruments, by their kind. */
  contractsByKind: Partial<Record<Contract['kind'], number>>
  /** First and last time of the ticks; absent without ticks. */
  firstTsUs?: number
  lastTsUs?: number
  torn?: TornTail
}

export interface TapeProblem {
  /** Byte offset of the block (0: the header) in which the problem is. */
  offset: number
  message: string
}

export interface TapeVerdict {
  /** True when there is no problem and no torn tail. */
  ok: boolean
  blocks: number
  records: number
  /** An unfinished write at the end: what a crash leaves, or a cut. Everything before it is whole. */
  torn?: TornTail
  /** Present on an import that has no end mark and promises none: whether it was cut between two blocks cannot be seen. */
  endMark?: 'none'
  /** The first problems found. */
  problems: TapeProblem[]
  /** How many were found. */
  problemCount: number
}

export interface CatFilter {
  /** Microseconds since 1970 UTC, included. */
  from?: number
  /** Microseconds since 1970 UTC, not included. */
  to?: number
  /** Records of instruments on these symbols; those of no instrument concern them all and stay. */
  symbols?: string[]
  kinds?: Kind[]
  /** At most so many records. */
  limit?: number
}

/** One line of NDJSON: the record's own fields, absent ones left out, and `ts` in ISO 8601 beside `tsUs`. */
export type CatLine = { kind: Kind; ts: string; tsUs: number; seq: number; instrument?: number; contract?: string } & Record<
  string,
  unknown
>

const MAX_PROBLEMS = 20

/** Reads the whole tape, every checksum included. Throws a FeedError when it is none or is damaged before its end. */
export async function tapeInfo(path: string): Promise<TapeInfo> {
  const { meta } = await readTapeHeader(path)
  const { size } = await stat(path)
  const info: TapeInfo = { path, meta, bytes: size, blocks: 0, records: 0, recordsByKind: {}, instruments: 0, contractsByKind: {} }
  const contracts = new Map<number, Contract>()
  const counts = new Map<number, number>()
  const cursor = new RecordCursor()
  for await (const block of readBlocks(path, { onTorn: (torn) => (info.torn = torn) })) {
    info.blocks++
    try {
      for (cursor.reset(block.payload); cursor.next(); ) {
        info.records++
        counts.set(cursor.kind, (counts.get(cursor.kind) ?? 0) + 1)
        if (cursor.isTick) {
          const { tsUs } = cursor
          info.firstTsUs = Math.min(info.firstTsUs ?? tsUs, tsUs)
          info.lastTsUs = Math.max(info.lastTsUs ?? tsUs, tsUs)
        } else if (cursor.kind === RecordKind.contract) {
          const record = cursor.record()
          if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
        }
      }
    } catch (error) {
      throw placed(error, path, block)
    }
  }
  info.instruments = contracts.size
  for (const { kind } of contracts.values()) info.contractsByKind[kind] = (info.contractsByKind[kind] ?? 0) + 1
  for (const [kind, number] of Object.entries(RecordKind) as [Kind, number][]) {
    const count = counts.get(number)
    if (count) info.recordsByKind[kind] = count
  }
  return info
}

/**
 * Checks checksums and sense: heads that match their records, kinds that decode, `seq` rising, `tsUs` never falling,
 * every instrument introduced by its contract. Throws a FeedError only when there is no tape of this version to check.
 */
export async function verifyTape(path: string): Promise<TapeVerdict> {
  const verdict: TapeVerdict = { ok: true, blocks: 0, records: 0, problems: [], problemCount: 0 }
  const report = (offset: number, message: string) => {
    if (verdict.problemCount++ < MAX_PROBLEMS) verdict.problems.push({ offset, message })
  }
  const checkBlock = blockChecker(report)
  let offset = 0
  try {
    const header = await readTapeHeader(path)
    if (header.reserved !== 0) report(0, `expected zeros in the bytes 20 to 23 of the header, found ${header.reserved}`)
    if (header.meta.source === 'import' && header.meta.endMark !== true) verdict.endMark = 'none'
    offset = header.offset
    for await (const block of readBlocks(path, { onTorn: (torn) => (verdict.torn = torn) })) {
      verdict.blocks++
      verdict.records += block.records
      checkBlock(block)
      offset = endOf(block)
    }
  } catch (error) {
    if (!isDamage(error)) throw error
    report(offset, error.message)
  }
  verdict.ok = verdict.problemCount === 0 && !verdict.torn
  return verdict
}

/** The records of a tape that pass the filter, as plain objects. Throws like `readBlocks`, after what lies before the damage. */
export async function* catTape(path: string, filter: CatFilter = {}): AsyncGenerator<CatLine> {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, symbols, kinds, limit = Number.POSITIVE_INFINITY } = filter
  const contracts = new Map<number, { key: string; symbol: string }>()
  const cursor = new RecordCursor()
  let given = 0
  if (limit <= 0) return
  for await (const block of readBlocks(path)) {
    try {
      for (cursor.reset(block.payload); cursor.next(); ) {
        const { tsUs } = cursor
        const isWanted = tsUs >= from && tsUs < to
        if (!isWanted && cursor.kind !== RecordKind.contract) continue
        const record = cursor.record()
        if (record.kind === 'contract') {
          contracts.set(record.instrument, { key: contractKey(record.contract), symbol: record.contract.symbol })
        }
        const contract = 'instrument' in record && record.instrument !== undefined ? contracts.get(record.instrument) : undefined
        if (!isWanted || (kinds && !kinds.includes(record.kind)) || (symbols && contract && !symbols.includes(contract.symbol))) continue
        yield lineOf(record, contract?.key)
        if (++given >= limit) return
      }
    } catch (error) {
      throw placed(error, path, block)
    }
  }
}

/** Makes a function that checks one block after the other and remembers what they must agree with. */
function blockChecker(report: (offset: number, message: string) => void): (block: TapeBlock) => void {
  const keys = new Map<number, string>()
  const cursor = new RecordCursor()
  // A journal segment begins with a copy of the contracts, in batch 0, which may be of records further down: it has an order of its own.
  const inBatches = { seq: Number.NEGATIVE_INFINITY, tsUs: Number.NEGATIVE_INFINITY }
  const outside = { ...inBatches }
  return (block) => {
    const last = block.batchNo === 0 ? outside : inBatches
    let records = 0
    const complain = (message: string) => report(block.offset, `record ${records} of the block: ${message}`)
    try {
      for (cursor.reset(block.payload); cursor.next(); ) {
        records++
        const record = cursor.record()
        const { seq, tsUs } = record
        if (seq <= last.seq) complain(`expected seq above ${last.seq}, found ${seq}`)
        if (tsUs < last.tsUs) complain(`expected tsUs of ${last.tsUs} or later, found ${tsUs}`)
        if (records === 1 && tsUs !== block.firstTsUs) complain(`expected the head's first tsUs ${block.firstTsUs}, found ${tsUs}`)
        last.seq = seq
        last.tsUs = tsUs
        if (record.kind === 'contract') {
          const key = contractKey(record.contract)
          const known = keys.get(record.instrument) ?? key
          if (known !== key) complain(`expected instrument ${record.instrument} to stay ${known}, found ${key}`)
          keys.set(record.instrument, key)
        } else if ('instrument' in record && record.instrument !== undefined && !keys.has(record.instrument)) {
          complain(`expected a contract before the first ${record.kind} of instrument ${record.instrument}, found none`)
        }
        if (isTick(record) && record.verdict) checkVerdict(record.verdict, keys, complain)
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      complain(error.message)
      return
    }
    if (records !== block.records) report(block.offset, `expected ${block.records} records as the head says, found ${records}`)
    if (records > 0 && last.tsUs !== block.lastTsUs) complain(`expected the head's last tsUs ${block.lastTsUs}, found ${last.tsUs}`)
  }
}

function checkVerdict({ disposition, findings }: Verdict, keys: ReadonlyMap<number, string>, complain: (message: string) => void): void {
  const asked = findings.some((finding) => finding.disposition === 'quarantine') ? 'quarantine' : 'flag'
  if (asked !== disposition) complain(`expected a verdict of ${asked} as its findings ask for, found ${disposition}`)
  for (const { rule, evidence = [] } of findings)
    for (const leg of evidence)
      if (!keys.has(leg)) complain(`expected a contract before the finding of ${rule} that rests on instrument ${leg}, found none`)
}

function isDamage(error: unknown): error is FeedError {
  return error instanceof FeedError && error.code === 'tape-corrupt'
}

function endOf(block: TapeBlock): number {
  return block.offset + BLOCK_HEAD_BYTES + block.payloadBytes
}

function lineOf(record: TapeRecord, contract: string | undefined): CatLine {
  const { kind, seq, tsUs, ...rest } = record
  const line: CatLine = { kind, ts: isoFromUs(tsUs), tsUs, seq }
  if (contract !== undefined) line.contract = contract
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue
    // The key is already in the line; the contract's own record gives the full terms, once.
    line[name === 'contract' ? 'definition' : name] = name === 'marks' && isTick(record) ? marksText(record.marks) : value
  }
  return line
}
