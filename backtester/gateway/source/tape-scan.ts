/** The first pass over a tape: what is on it and when, so that contracts can be listed before the first tick is played. */

import { placed, readBlocks } from '../../../db/tape/reader.ts'
import { RecordCursor } from '../../../db/tape/codec/decode.ts'
import { RecordKind } from '../../../db/tape/codec/layout.ts'
import type { TornTail } from '../../../db/tape/reader.ts'
import { type Contract, contractKey } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import type { TradeSource } from '../../../market/tick.ts'
import { isDate } from '../../../market/time.ts'

/** 2100: what is later was never recorded, and far enough no clock can show it. */
const LAST_US = Date.UTC(2100, 0) * 1000
/** Far longer than the name of anything traded. */
const MAX_NAME = 100
export interface TapeContents {
  /** By the tape's own numbers. */
  contracts: Map<number, Contract>
  /** Where it has each instrument's trades from; nothing for an instrument without trades. */
  tradeSources: Map<number, Set<TradeSource>>
  /** Instruments with sampled quotes and with tick-by-tick ones. */
  doublyQuoted: Set<number>
  /** Instruments whose first tick is delayed data. */
  delayed: Set<number>
  ticks: number
  /** Times of the first and the last tick. */
  startUs: number
  endUs: number
  /** Present when the file ends in an unfinished write. */
  torn: TornTail | undefined
}

/**
 * Reads the whole tape once.
 *
 * @throws FeedError when it is damaged, without ticks, or names a tick's contract not at all or twice differently.
 */
export async function scanTape(path: string): Promise<TapeContents> {
  const contracts = new Map<number, Contract>()
  const tradeSources = new Map<number, Set<TradeSource>>()
  const quoted = [new Set<number>(), new Set<number>()] as const
  const delayed = new Set<number>()
  const seen = new Set<number>()
  const cursor = new RecordCursor()
  let ticks = 0
  let startUs = Number.POSITIVE_INFINITY
  let endUs = Number.NEGATIVE_INFINITY
  let torn: TornTail | undefined
  const onTorn = (tail: TornTail) => {
    torn = tail
  }
  const take = () => {
    if (cursor.kind === RecordKind.contract) addContract(contracts, cursor)
    if (!cursor.isTick) return
    const { tsUs, kind, instrument } = cursor
    if (!Number.isSafeInteger(tsUs) || tsUs < 0 || tsUs > LAST_US) throw damaged(`a tick with the time ${tsUs}`)
    if (!contracts.has(instrument)) throw damaged(`a tick of instrument ${instrument} before its contract`)
    if (kind === RecordKind.trade) addSource(tradeSources, cursor)
    else if (kind === RecordKind.quote) quoted[cursor.quoteSource === undefined ? 0 : 1].add(instrument)
    if (!seen.has(instrument)) {
      seen.add(instrument)
      if (cursor.isDelayed) delayed.add(instrument)
    }
    ticks++
    if (tsUs < startUs) startUs = tsUs
    if (tsUs > endUs) endUs = tsUs
  }
  for await (const block of readBlocks(path, { onTorn })) {
    cursor.reset(block.payload)
    try {
      while (cursor.next()) take()
    } catch (error) {
      throw placed(error, path, block)
    }
  }
  if (ticks === 0)
    throw new FeedError(`Tape ${path} holds no ticks, so there is nothing to serve. Give another tape.`, { code: 'tape-empty' })
  const doublyQuoted = new Set([...quoted[0]].filter((instrument) => quoted[1].has(instrument)))
  return { contracts, tradeSources, doublyQuoted, delayed, ticks, startUs, endUs, torn }
}

function addSource(tradeSources: Map<number, Set<TradeSource>>, cursor: RecordCursor): void {
  const record = cursor.record()
  if (record.kind !== 'trade') return
  const sources = tradeSources.get(record.instrument)
  if (sources) sources.add(record.source)
  else tradeSources.set(record.instrument, new Set([record.source]))
}

function addContract(contracts: Map<number, Contract>, cursor: RecordCursor): void {
  const record = cursor.record()
  if (record.kind !== 'contract') return
  const { instrument, contract } = record
  const wrong = wrongField(contract)
  if (wrong) throw damaged(`instrument ${instrument} with a contract whose ${wrong}`)
  const known = contracts.get(instrument)
  if (known && contractKey(known) !== contractKey(contract))
    throw damaged(`instrument ${instrument} as ${contractKey(known)} and as ${contractKey(contract)}`)
  contracts.set(instrument, contract)
}

/** What of a contract clients could not be told. Its texts are texts, as the tape's reader knows; numbers may be anything. */
function wrongField(contract: Contract): string | undefined {
  const { symbol, currency, venue = '', tradingClass = '' }: Partial<Record<string, unknown>> = { ...contract }
  if ([symbol, currency, venue, tradingClass].some((name) => String(name).length > MAX_NAME))
    return `names are longer than ${MAX_NAME} characters`
  if (symbol === '') return 'symbol is empty'
  if (contract.kind !== 'option' && contract.kind !== 'future') return undefined
  if (!isDate(contract.expiry)) return `expiry ${contract.expiry.slice(0, MAX_NAME)} is no date`
  if (!Number.isFinite(contract.multiplier)) return `multiplier ${String(contract.multiplier).slice(0, MAX_NAME)} is no number`
  return contract.kind === 'option' && !Number.isFinite(contract.strike)
    ? `strike ${String(contract.strike).slice(0, MAX_NAME)} is no number`
    : undefined
}

function damaged(found: string): FeedError {
  return new FeedError(`it holds ${found}. The file is damaged or not from this program.`, { code: 'tape-corrupt' })
}
