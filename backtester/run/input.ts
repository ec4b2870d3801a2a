/** What a run reads: a dataset, or a tape file as it is, chunk by chunk in the order of time. */

import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'

import { tapeInfo } from '../../db/tape/inspect.ts'
import { FeedError } from '../../market/errors.ts'
import type { RecordSource } from '../../market/record-source.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import type { CarrySettings } from '../arbitrage/stand-in-carry.ts'
import { standInCarry } from '../arbitrage/stand-in-carry.ts'
import { type BarColumns, BarRows, columnsOf, endOfMoment, readBars } from '../dataset/bars-file.ts'
import { ContentHash } from '../dataset/content-hash.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { ticksOf } from '../dataset/dataset.ts'
import { DatasetFolder } from '../dataset/folder.ts'
import { type DatasetPlace, originBars, recordsOf } from '../dataset/source.ts'
import type { CorporateAction } from '../engine/actions.ts'
import type { DatasetGap, RunDataset, RunInstrument } from './result.ts'

export interface RunChunk {
  sessionId: number
  records: readonly TapeRecord[]
  bars: BarRows
}

export interface RunInput {
  /** As far as it is known before it was read. */
  dataset: RunDataset
  instruments: readonly RunInstrument[]
  /** Splits and dividends of bars whose prices are as traded. */
  actions?: readonly CorporateAction[] | undefined
  /** Ticks and bars that are to come. */
  total: number
  /** @throws FeedError when it cannot be read, or is no longer what was frozen */
  chunks(): AsyncIterable<RunChunk>
}

export type InputRequest =
  | {
      kind: 'dataset'
      dataDir: string
      name: string
      /** Read from the database or the tape that it came from, in place of its files. */
      fromOrigin?: { url: string | undefined } | undefined
    }
  /** What the settings say of interest, dividends and borrow fees stands in where no collector recorded any. */
  | { kind: 'tape'; path: string; carry: CarrySettings }
  | PreparedInput

/** Looked at once for many runs, in other threads too: these share the columns of bars, and read ticks from the files. */
export interface PreparedInput extends Pick<RunInput, 'dataset' | 'instruments' | 'actions' | 'total'> {
  kind: 'prepared'
  /** Of a dataset of bars. */
  columns: BarColumns | undefined
  from: Exclude<InputRequest, PreparedInput>
}

/** Bars of one moment are handed out together; so many moments make a chunk. */
const CHUNK_BARS = 2048

/** @throws ConfigError for a dataset that is not there, FeedError for what cannot be read */
export async function openInput(request: InputRequest): Promise<RunInput> {
  if (request.kind === 'prepared') return preparedInput(request)
  if (request.kind === 'tape') return tapeInput(request.path, request.carry)
  const folder = new DatasetFolder(request.dataDir)
  const dataset = await folder.find(request.name)
  const place: DatasetPlace = request.fromOrigin
    ? { kind: 'origin', url: request.fromOrigin.url }
    : { kind: 'files', pathOf: (file) => folder.pathOf(dataset, file) }
  const { name, hash, fromUs, toUs, symbols, barSeconds, prices, gaps, warnings, instruments, bars, actions } = dataset
  const isOrigin = request.fromOrigin !== undefined
  return {
    dataset: { name, kind: 'dataset', hash, fromUs, toUs, symbols, barSeconds, prices, gaps, warnings },
    instruments,
    actions,
    total: bars ? bars.bars : ticksOf(dataset),
    chunks: () => (bars ? barChunks(dataset, bars.file, place) : recordChunks(dataset, place, isOrigin)),
  }
}

/** @throws ConfigError for a dataset that is not there, FeedError for what cannot be read */
export async function prepareInput(from: PreparedInput['from']): Promise<PreparedInput> {
  const { dataset, instruments, actions, total } = await openInput(from)
  return { kind: 'prepared', dataset, instruments, actions, total, columns: await sharedColumns(from), from }
}

async function sharedColumns(from: PreparedInput['from']): Promise<BarColumns | undefined> {
  if (from.kind === 'tape' || from.fromOrigin) return undefined
  const folder = new DatasetFolder(from.dataDir)
  const dataset = await folder.find(from.name)
  return dataset.bars && readBars(folder.pathOf(dataset, dataset.bars.file))
}

function preparedInput({ dataset, instruments, actions, total, columns, from }: PreparedInput): RunInput {
  return { dataset, instruments, actions, total, chunks: () => (columns ? columnChunks(columns) : chunksOf(from)) }
}

async function* chunksOf(from: PreparedInput['from']): AsyncGenerator<RunChunk> {
  // To open a tape is to read it twice.
  if (from.kind === 'tape') yield* tapeChunks(from.path, from.carry)
  else yield* (await openInput(from)).chunks()
}

async function* columnChunks(columns: BarColumns): AsyncGenerator<RunChunk> {
  for (let at = 0; at < columns.count; ) {
    const end = endOfMoment(columns, at + CHUNK_BARS)
    yield { sessionId: 0, records: [], bars: BarRows.of(columns, at, end) }
    at = end
  }
}

async function* recordChunks(dataset: Dataset, place: DatasetPlace, isOrigin: boolean): AsyncGenerator<RunChunk> {
  // Files are compared by `dataset verify`; what comes from elsewhere may have changed since, and is compared on the way.
  const hashes = new Map(isOrigin ? dataset.parts.map(({ sessionId }) => [sessionId, new ContentHash()]) : [])
  for await (const { sessionId, records } of recordsOf(dataset, place).records()) {
    hashes.get(sessionId)?.add(records)
    yield { sessionId, records, bars: BarRows.none }
  }
  for (const { sessionId, hash } of dataset.parts) {
    const found = hashes.get(sessionId)
    if (found && found.digest() !== hash)
      throw new FeedError(
        `Session ${sessionId} is no longer what dataset ${dataset.name} froze. Run on its own files, or freeze it again under another name.`,
        { code: 'dataset-changed' },
      )
  }
}

async function* barChunks(dataset: Dataset, file: string, place: DatasetPlace): AsyncGenerator<RunChunk> {
  yield* columnChunks(place.kind === 'files' ? await readBars(place.pathOf(file)) : columnsOf((await originBars(dataset, place.url)).bars))
}

async function tapeInput(path: string, carry: CarrySettings): Promise<RunInput> {
  const { firstTsUs, lastTsUs, recordsByKind } = await tapeInfo(path)
  if (firstTsUs === undefined || lastTsUs === undefined)
    throw new FeedError(`Tape ${path} has no tick. Name another one.`, { code: 'dataset-empty' })
  const found = await overviewOf(tapeSource(path))
  const { quote = 0, trade = 0, greeks = 0, statistic = 0 } = recordsByKind
  return {
    dataset: {
      name: path,
      kind: 'tape',
      hash: await hashOf(path),
      fromUs: firstTsUs,
      toUs: lastTsUs + 1,
      symbols: [...new Set(found.instruments.map(({ contract }) => contract.symbol))].sort(),
      gaps: found.gaps,
      warnings: [],
    },
    instruments: found.instruments,
    total: quote + trade + greeks + statistic,
    chunks: () => tapeChunks(path, carry),
  }
}

async function* tapeChunks(path: string, carry: CarrySettings): AsyncGenerator<RunChunk> {
  const behind = standInCarry(carry)
  for await (const { sessionId, records } of tapeSource(path).records()) {
    const isOwn = sessionId > 0 || records.every(({ kind }) => kind !== 'contract')
    yield { sessionId, records: isOwn ? records : records.flatMap((record) => [record, ...behind(record)]), bars: BarRows.none }
  }
}

/** What its control records say: a tape may gain contracts to its end. */
async function overviewOf(source: RecordSource): Promise<{ instruments: RunInstrument[]; gaps: DatasetGap[] }> {
  const instruments = new Map<number, RunInstrument>()
  const gaps: DatasetGap[] = []
  for await (const { records } of source.records())
    for (const record of records) {
      if (isTick(record)) continue
      if (record.kind === 'contract') instruments.set(record.instrument, { instrument: record.instrument, contract: record.contract })
      else if (record.kind === 'gap') {
        const { fromTsUs, toTsUs, cause, instrument } = record
        gaps.push({ fromTsUs, toTsUs, cause, ...(instrument !== undefined && { instrument }) })
      }
    }
  return { instruments: [...instruments.values()], gaps }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
