/** Batches that have no marker: on their way, lost with the journal and named by a gap, or deleted. */

import { chained, chainStart } from './chain.ts'
import type { JournalCursor } from './journal-cursor.ts'
import type { JournalDamage } from './journal-damage.ts'
import type { Problem } from './problems.ts'
import type { Marker } from './read-session.ts'

/** Numbers of records that are not there, and the times around them. The first is 0 in front of the first record. */
export interface Hole {
  fromSeq: number
  toSeq: number
  fromTsUs: number
  toTsUs: number
}

export interface MissingMarkers {
  fromNo: number
  toNo: number
  hole: Hole | undefined
  /** Records that belong to no batch, in their place. */
  unmarked: { fromSeq: number; toSeq: number; records: number } | undefined
  /** The marker behind them. */
  next: Marker | undefined
}

interface Around {
  sessionId: number
  hasEnded: boolean
  journal: JournalCursor | undefined
  damage: JournalDamage
  /** Of the last marker. */
  lastNo: number
}

/** So many batches may be on their way while later ones are committed already. */
const UNDER_WAY = 64

/** Returns how many batches are on their way, or what is wrong; 0 when a gap names their loss. */
export async function judgeMissing(missing: MissingMarkers, around: Around): Promise<number | Omit<Problem, 'sessionId'>> {
  const { fromNo, toNo, hole, unmarked } = missing
  const isInJournal = areAllInJournal(missing, around.journal)
  if (!unmarked) {
    if (mayBeUnderWay(missing, around) && (around.journal ? isInJournal : !around.hasEnded)) return toNo - fromNo + 1
    if (!isInJournal && (await isNamedLoss(missing, around))) return 0
  }
  const name = fromNo === toNo ? `The marker of batch ${fromNo}` : `The markers of batches ${fromNo} to ${toNo}`
  const range = unmarked ?? hole
  const records = range ? ` (seq ${range.fromSeq} to ${range.toSeq})` : ''
  let rows = `its records${records} are gone too`
  if (unmarked) rows = `${unmarked.records} records${records} are there without one`
  else if (isInJournal)
    rows = `its records${records} are in the journal and not in the database, though later batches are: they were deleted, or the database does not take them`
  return {
    kind: 'marker-missing',
    batchNo: fromNo,
    ...(range && { seq: range.fromSeq, toSeq: range.toSeq }),
    message: `${name}: expected in the table batches, found none; ${rows}.`,
  }
}

/** Lanes commit in any order: one may be slow, or may have been stopped by a crash, while the others went on. */
function mayBeUnderWay({ fromNo, next }: MissingMarkers, { lastNo }: Around): boolean {
  return fromNo > lastNo - UNDER_WAY || next?.isRecent === true
}

/** In segments that are not put away. */
function areAllInJournal({ fromNo, toNo }: MissingMarkers, journal: JournalCursor | undefined): boolean {
  if (!journal || toNo - fromNo >= journal.batches.size) return false
  for (let batchNo = fromNo; batchNo <= toNo; batchNo++) if (journal.batches.get(batchNo)?.isReleased !== false) return false
  return true
}

/**
 * A batch behind one that is lost begins a chain. One that a lane had committed before the batch in front of it was lost does not: then
 * the gap has to span the whole time, as the gap of a recovery does.
 */
async function isNamedLoss({ hole, next }: MissingMarkers, { sessionId, damage }: Around): Promise<boolean> {
  if (!hole || !next?.content || !next.chain) return false
  const { fromTsUs, toTsUs } = hole
  if (next.chain.equals(chained(chainStart(sessionId), next.batchNo, next.content))) return damage.touches(fromTsUs, toTsUs)
  return damage.covers(fromTsUs === 0 ? toTsUs : fromTsUs, toTsUs)
}
