/**
 * What was counted since the start of this process; each count, and each reason of `dropped`, has one part of the program that
 * changes it. `received = written + quarantined + dropped + in flight`, where in flight is counted where the ticks are (into the journal
 * by the recorder, out of it by the writer), not computed from the rest.
 */

/** Why a tick was not recorded: not taken by the recorder, or lost on the way from there to the tables. */
export const DROP_REASONS = [
  'no-session',
  'journal-full',
  'journal-failed',
  'too-long',
  'unknown-line',
  'journal-damaged',
  'vanished-in-database',
] as const

/**
 * What an operator should hear of when it happens, by the event that says it in the log; each is counted from 0 on, so that the first one
 * shows as a step in the metrics. `rows-refused` and the like count events, not rows.
 */
export const TROUBLES = [
  'clock-stepped',
  'process-paused',
  'rule-failed',
  'detector-failed',
  'detectors-failed',
  'consumer-failed',
  'listener-failed',
  'impossible-transition',
  'rows-refused',
  'rows-vanished',
  'journal-damaged',
  'records-lost',
] as const

export type Trouble = (typeof TROUBLES)[number]

/** Why the database did not take a batch: nothing answers, it says that this passes, its disk is full, or a person has to act. */
export const DATABASE_REFUSALS = ['unreachable', 'busy', 'disk-full', 'refused'] as const

export type DatabaseRefusal = (typeof DATABASE_REFUSALS)[number]

export interface Counts {
  /** Messages of the gateway, without the sizes that the client library invents. */
  messages: number
  /** Those that could not be decoded: what they said is lost. */
  unreadable: number
  /** Messages whose tick type has no place on the tape, by type. */
  unmapped: Map<number, number>
  /** Whole ticks assembled from them. */
  received: number
  /** Ticks committed to their tables. */
  written: number
  /** Ticks committed to rejected_ticks. */
  quarantined: number
  /** Ticks that were not recorded, by reason. Named by a gap too (by the next start's, where the disk took nothing to the end), but for rows that vanished in the database. */
  dropped: Map<string, number>
  /** Recorded ticks with marks, by the set of their marks (market/marks.ts). */
  marked: Map<number, number>
  /** Ticks that the journal took and did not lose. */
  journaled: number
  /** Of these, ticks of batches whose outcome is known: written, quarantined or dropped on the way. */
  settled: number
  /** Ticks in the journal that the database has not committed. */
  readonly inFlight: number
  /** Of earlier, unfinished sessions: ticks found in the journal and committed since, and records that damage has taken. */
  recovered: { found: number; committed: number; lost: number }
  /** Batches committed, and those found committed already after an uncertain answer or a crash. */
  batches: { committed: number; alreadyCommitted: number }
  /** Market-data lines that are open. */
  lines: number
  gaps: number
  /** Connections that were made, and those that were lost or failed. */
  connects: number
  reconnects: number
  troubles: Record<Trouble, number>
  /** Attempts to store a batch that failed. */
  databaseRefusals: Record<DatabaseRefusal, number>
}

export function createCounts(): Counts {
  return {
    messages: 0,
    unreadable: 0,
    unmapped: new Map(),
    received: 0,
    written: 0,
    quarantined: 0,
    dropped: new Map(),
    marked: new Map(),
    journaled: 0,
    settled: 0,
    get inFlight() {
      return this.journaled - this.settled
    },
    recovered: { found: 0, committed: 0, lost: 0 },
    batches: { committed: 0, alreadyCommitted: 0 },
    lines: 0,
    gaps: 0,
    connects: 0,
    reconnects: 0,
    troubles: zeros(TROUBLES),
    databaseRefusals: zeros(DATABASE_REFUSALS),
  }
}

function zeros<K extends string>(kinds: readonly K[]): Record<K, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<K, number>
}

export function droppedTotal({ dropped }: Pick<Counts, 'dropped'>): number {
  let total = 0
  for (const ticks of dropped.values()) total += ticks
  return total
}

/** Ticks that are not accounted for; 0 unless the program is wrong. */
export function unaccounted(counts: Counts): number {
  return counts.received - counts.written - counts.quarantined - droppedTotal(counts) - counts.inFlight
}
