/** What the marker of a batch says of the records around it, and what it lacks. */

import { isTick, type TapeRecord } from '../../market/tick.ts'
import type { Marker } from './read-session.ts'

/** In front of the first batch. */
export const NONE: Marker = {
  batchNo: 0,
  acceptedTicks: 0,
  quarantinedTicks: 0,
  firstTsUs: undefined,
  lastTsUs: undefined,
  firstSeq: undefined,
  lastSeq: undefined,
  content: undefined,
  chain: undefined,
  isRecent: false,
  isDropped: false,
}

/** True when the record comes behind all records of the batch. */
export function isBehind(record: TapeRecord, { lastSeq, lastTsUs }: Marker): boolean {
  if (lastSeq !== undefined) return record.seq > lastSeq
  return lastTsUs === undefined || record.tsUs > lastTsUs
}

/** Batches of versions without checksums know only the times of their ticks: other records in front of them may be theirs. */
export function covers({ firstSeq, firstTsUs }: Marker, record: TapeRecord): boolean {
  if (firstSeq !== undefined) return record.seq >= firstSeq
  return !isTick(record) || firstTsUs === undefined || record.tsUs >= firstTsUs
}

/**
 * What is wrong with columns that are NULL: a version that kept no checksums left out all of them, and later versions none.
 *
 * @param hadChecksums whether a batch before it has a checksum
 */
export function absentColumns({ batchNo, firstSeq, lastSeq, content, chain }: Marker, hadChecksums: boolean): string | undefined {
  const columns = Object.entries({ first_seq: firstSeq, last_seq: lastSeq, content_hash: content, chain_hash: chain })
  const absent = columns.filter(([, value]) => value === undefined).map(([name]) => name)
  if (absent.length === 0 || (absent.length === columns.length && !hadChecksums)) return undefined
  const why = absent.length < columns.length ? 'the other columns of its checksum are there' : 'batches before it have checksums'
  return `The marker of batch ${batchNo}: expected ${absent.join(', ')}, as ${why}, found NULL: deleted, so that the batch cannot be proved.`
}
