import type { EventContext } from './event.ts'

export interface JournalFolderGone {
  path: string
  /** Files that are gone. */
  missing: readonly string[]
}

/** Logs files of the journal that have disappeared while it records. */
export function journalFolderGone({ log }: EventContext, { path, missing }: JournalFolderGone): void {
  log.error(
    { path, missing },
    'files of the journal have disappeared; folder and open segment are made again. Keep other programs away from the data directory',
  )
}
