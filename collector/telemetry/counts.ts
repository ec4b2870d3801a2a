/**
 * What was counted since the start of this process. `received = written + quarantined + dropped + in flight`, where in flight
 * is counted where the ticks are (in the journal and on their way to the database), not computed from the rest.
 */

export interface Counts {
  /** Messages of the gateway, without the sizes that the client library invents. */
  messages: number
  /** Those that could not be decoded: what they said is lost. */
  unreadable: number
  /** Whole ticks assembled from them. */
  received: number
  /** Ticks committed to their tables. */
  written: number
  /** Ticks committed to rejected_ticks. */
  quarantined: number
  /** Ticks that were not recorded, by reason. Named by a gap too (by the next start's, where the disk took nothing to the end), but for rows that vanished in the database. */
  dropped: Map<string, number>
  /** Ticks in the journal that the database has not committed. */
  inFlight: number
  /** Of earlier, unfinished sessions: ticks found in the journal and committed since, and records that damage has taken. */
  recovered: { found: number; committed: number; lost: number }
  /** Batches committed, and those found committed already after an uncertain answer or a crash. */
  batches: { committed: number; alreadyCommitted: number }
  /** Market-data lines that are open. */
  lines: number
  gaps: number
  reconnects: number
}

export function createCounts(): Counts {
  return {
    messages: 0,
    unreadable: 0,
    received: 0,
    written: 0,
    quarantined: 0,
    dropped: new Map(),
    inFlight: 0,
    recovered: { found: 0, committed: 0, lost: 0 },
    batches: { committed: 0, alreadyCommitted: 0 },
    lines: 0,
    gaps: 0,
    reconnects: 0,
  }
}

export function droppedTotal(counts: Counts): number {
  let total = 0
  for (const ticks of counts.dropped.values()) total += ticks
  return total
}

/** Ticks that are not accounted for; 0 unless the program is wrong. */
export function unaccounted(counts: Counts): number {
  return counts.received - counts.written - counts.quarantined - droppedTotal(counts) - counts.inFlight
}
