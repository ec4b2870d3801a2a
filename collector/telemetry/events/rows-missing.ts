import type { EventContext } from './event.ts'

export interface RowsMissing {
  /** Of all sessions that were looked at. */
  rows: number
  sessionIds: readonly number[]
}

/** Logs rows that were committed and are gone, when their number changes. */
export function rowsMissing({ log, faults }: EventContext, { rows, sessionIds }: RowsMissing): void {
  if (rows === 0) {
    if (faults.end('rows')) log.info('every committed row is in the database again')
  } else if (faults.begin('rows', String(rows)))
    log.error({ rows, sessionIds }, 'committed rows are gone from the database: somebody deleted or truncated them, or dropped a chunk')
}
