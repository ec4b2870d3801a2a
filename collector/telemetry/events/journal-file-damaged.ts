import type { EventContext } from './event.ts'

export interface JournalFileDamaged {
  path: string
  reason: string
  /** Where it is now, when nothing of it could be read; else it is read first. */
  setAsideTo?: string | undefined
}

/** Logs a file of the journal that cannot be read whole. */
export function journalFileDamaged({ log }: EventContext, { path, reason, setAsideTo }: JournalFileDamaged): void {
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
}
