/**
 * Records of a batch that are whole and hold what no record of their kind holds (a number that JSON has no form for, a kind of a later
 * version). No other attempt will read them: each is left out and a gap stands in its place, so that the batch, and all that are chained to
 * it, can be written. The journal keeps their bytes.
 */

import { TapedeckError } from '../../market/errors.ts'
import { RecordCursor } from '../../db/tape/codec/decode.ts'
import { type DamagedBlocks, gapPayload, type JournalBatch, type LoadedBatch } from './batch.ts'

/** What is left of a batch, the same when all of it can be read. */
export function withoutUnreadable({ blocks }: JournalBatch, { payloads, damaged }: LoadedBatch): LoadedBatch {
  const left: LoadedBatch = { payloads: [], damaged: [...damaged] }
  const cursor = new RecordCursor()
  let lastTsUs = Number.POSITIVE_INFINITY
  for (const payload of payloads) {
    let [readFrom, start] = [0, 0]
    cursor.reset(payload)
    for (; cursor.next(); start = cursor.end) {
      const { seq, tsUs } = cursor
      const reason = whyUnreadable(cursor)
      const segment = blocks.findLast(({ firstSeq }) => firstSeq <= seq)?.segment
      if (reason !== undefined && segment) {
        const fromTsUs = Math.min(lastTsUs, tsUs - 1)
        const lost: DamagedBlocks = { segment, reason, records: 1, ticks: cursor.isTick ? 1 : 0, firstSeq: seq, fromTsUs, toTsUs: tsUs }
        if (start > readFrom) left.payloads.push(payload.subarray(readFrom, start))
        left.payloads.push(gapPayload(lost, tsUs))
        left.damaged.push(lost)
        readFrom = cursor.end
      }
      lastTsUs = tsUs
    }
    if (payload.length > readFrom) left.payloads.push(payload.subarray(readFrom))
  }
  return left
}

function whyUnreadable(cursor: RecordCursor): string | undefined {
  try {
    cursor.record()
  } catch (error) {
    if (error instanceof TapedeckError) return error.message
    throw error
  }
  return undefined
}
