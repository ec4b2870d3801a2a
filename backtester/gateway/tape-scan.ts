/** The first pass over a tape: what is on it and when, so that contracts can be listed before the first tick is played. */

import { readBlocks } from '../../db/tape/reader.ts'
import { RecordCursor, RecordKind } from '../../db/tape/codec.ts'
import type { TornTail } from '../../db/tape/reader.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { TradeSource } from '../../market/tick.ts'

export interface TapeContents {
  /** By the tape's own numbers. */
  contracts: Map<number, Contract>
  /** Where it has each instrument's trades from; nothing for an instrument without trades. */
  tradeSources: Map<number, Set<TradeSource>>
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
  const cursor = new RecordCursor()
  let ticks = 0
  let startUs = Number.POSITIVE_INFINITY
  let endUs = Number.NEGATIVE_INFINITY
  let torn: TornTail | undefined
  const onTorn = (tail: TornTail) => {
    torn = tail
  }
  for await (const block of readBlocks(path, { onTorn })) {
    cursor.reset(block.payload)
    while (cursor.next()) {
      if (cursor.isTick) {
        const { tsUs } = cursor
        if (!Number.isSafeInteger(tsUs)) throw damaged(path, `a tick with the time ${tsUs}`)
        if (!contracts.has(cursor.instrument)) throw damaged(path, `a tick of instrument ${cursor.instrument} before its contract`)
        if (cursor.kind === RecordKind.trade) addSource(tradeSources, cursor)
        ticks++
        if (tsUs < startUs) startUs = tsUs
        if (tsUs > endUs) endUs = tsUs
      } else if (cursor.kind === RecordKind.contract) {
        addContract(contracts, cursor, path)
      }
    }
  }
  if (ticks === 0)
    throw new FeedError(`Tape ${path} holds no ticks, so there is nothing to serve. Give another tape.`, { code: 'tape-empty' })
  return { contracts, tradeSources, ticks, startUs, endUs, torn }
}

function addSource(tradeSources: Map<number, Set<TradeSource>>, cursor: RecordCursor): void {
  const record = cursor.record()
  if (record.kind !== 'trade') return
  const sources = tradeSources.get(record.instrument)
  if (sources) sources.add(record.source)
  else tradeSources.set(record.instrument, new Set([record.source]))
}

function addContract(contracts: Map<number, Contract>, cursor: RecordCursor, path: string): void {
  const record = cursor.record()
  if (record.kind !== 'contract') return
  const { instrument, contract } = record
  const known = contracts.get(instrument)
  if (known && contractKey(known) !== contractKey(contract))
    throw damaged(path, `instrument ${instrument} as ${contractKey(known)} and as ${contractKey(contract)}`)
  contracts.set(instrument, contract)
}

function damaged(path: string, found: string): FeedError {
  return new FeedError(`Tape ${path} holds ${found}. The file is damaged or not from this program.`, { code: 'tape-corrupt' })
}
