/** What happens to the journal and to what earlier runs left in it: one function per event logs it, and counts what is to be counted. */

import type { Logger } from 'pino'

import { isoFromUs } from '../../market/time.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { DamagedBlocks, JournalBatch, SegmentRef } from './batch.ts'
import type { NamedGap } from './open-gap.ts'
import type { DamagedFile } from './recovery.ts'

export type JournalEvents = ReturnType<typeof createJournalEvents>

export function createJournalEvents(log: Logger, counts: Counts) {
  const message = (error: unknown) => (error instanceof Error ? error.message : String(error))
  return {
    recovered: (sessionId: number, batches: number, ticks: number, tornBytes: number, crashed: boolean) =>
      log.warn({ sessionId, batches, ticks, tornBytes, crashed }, 'unfinished session found in the journal; writing it to the database'),
    fileDamaged: ({ path, reason, setAsideTo }: DamagedFile) => {
      if (setAsideTo !== undefined)
        log.error(
          { path, reason, setAsideTo },
          'a file in the journal is no segment that can be read; it was set aside. Nothing of it is recorded',
        )
      else
        log.error(
          { path, reason },
          'a journal segment is damaged: what can be read of it is recorded, a gap names the rest. When the database has it, the file moves to journal/damaged',
        )
    },
    recordsLost: (sessionId: number, records: number, { fromTsUs, toTsUs, cause }: NamedGap) => {
      counts.recovered.lost += records
      const times = { from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs) }
      log.error({ sessionId, records, cause, ...times }, 'records of an earlier session are lost; a gap names their time')
    },
    endUnwritable: (sessionId: number, error: unknown) =>
      log.warn(
        { sessionId, reason: message(error) },
        'the end of an earlier session cannot be written into its journal; its segments stay for the next start',
      ),
    unreadable: (directory: string, error: unknown) =>
      log.error(
        { directory, reason: message(error) },
        'the folder of the journal cannot be read; recording begins without it, in memory if need be. Correct its permissions and start again: what it holds waits there',
      ),
    unanswered: (error: unknown) =>
      log.warn({ reason: message(error) }, 'the database does not say which earlier sessions have no end; the next start asks again'),
    collectorFile: (error: unknown, path: string) =>
      log.warn({ reason: message(error), path }, 'the file that tells this collector from others cannot be used; it is tried again'),
    folderGone: (path: string, missing: readonly SegmentRef[]) =>
      log.error(
        { path, missing: missing.map((segment) => segment.path) },
        'files of the journal have disappeared; folder and open segment are made again. Keep other programs away from the data directory',
      ),
    blocksDamaged: ({ segment, reason, ticks, records, fromTsUs, toTsUs }: DamagedBlocks, { sessionId, batchNo }: JournalBatch) => {
      const place = { path: segment.path, reason, sessionId, batchNo }
      const times = { from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs) }
      log.error({ ...place, records, ticks, ...times }, 'ticks are lost: the journal cannot be read back whole; a gap names their time')
    },
    waitingForDisk: ({ ticks, directory, fault, secondsLeft }: WaitingForDisk) =>
      log.warn(
        { ticks, directory, fault, secondsLeft },
        'waiting for the disk of the journal to take the last ticks. Free it, or signal again: they are lost then, and the next start names the gap',
      ),
    waitingForDatabase: ({ ticks, batches, secondsLeft }: WaitingForDatabase) =>
      log.info(
        { ticks, batches, secondsLeft },
        'waiting for the database to take the last ticks. Signal again to stop now: they stay in the journal and the next start writes them',
      ),
    leftInJournal: (ticks: number, batches: number) =>
      log.warn({ ticks, batches }, 'stopped before the database had everything; the next start writes the rest from the journal'),
  }
}

interface WaitingForDisk {
  ticks: number
  directory: string
  fault: string | undefined
  secondsLeft: number
}

interface WaitingForDatabase {
  ticks: number
  batches: number
  secondsLeft: number
}
