/** What a proof of recorded sessions finds. */

/** What does not add up. */
export type ProblemKind =
  /** Records that a batch was written with are not there, and no gap names them. */
  | 'rows-missing'
  /** A record is there twice. */
  | 'row-twice'
  /** A record stands at another time than its number says. */
  | 'row-out-of-order'
  /** Records that belong to no batch, or lie outside of their session's time. */
  | 'rows-added'
  /** A value differs from the one in the journal. */
  | 'value-altered'
  /** A batch has another content than it was written with. */
  | 'content-altered'
  /** A batch has another number of ticks than its marker says. */
  | 'count-differs'
  /** Batches have no marker: it was deleted, with its rows or without. */
  | 'marker-missing'
  /** A marker has no checksum, where batches before it have one, or only a part of its columns. */
  | 'checksum-missing'
  /** A marker is not chained to the one before it. */
  | 'chain-broken'
  /** The session ended, or was alive, behind its last record. */
  | 'end-missing'
  /** A gap of the tape is not in the table of gaps as it was recorded, or one there is on no tape. */
  | 'gap-differs'
  /** The journal has a batch that was taken for written and is not in the database. */
  | 'batch-lost'
  /** Blocks of the journal are damaged or missing. */
  | 'journal-damaged'
  /** The session does not have the hash that was noted down. */
  | 'hash-differs'

export interface Problem {
  kind: ProblemKind
  sessionId: number
  batchNo?: number
  /** The first record that it is about, and the last one. */
  seq?: number
  toSeq?: number
  tsUs?: number
  table?: string
  column?: string
  expected?: string
  found?: string
  /** What was expected, what was found, what to do. */
  message: string
}

/** Data that may be missing without being named; no proof of it, for a market can be quiet. */
export interface Doubt {
  sessionId: number
  contract: string
  fromTsUs: number
  toTsUs: number
  message: string
}

/** Of one session. */
export interface SessionProof {
  sessionId: number
  batches: number
  /** Accepted and quarantined ones. */
  ticks: number
  /** All records, ticks included. */
  records: number
  /** Batches written by a version that kept no checksums: only their counts are compared. */
  withoutChecksum: number
  /** Batches of which ticks may have been dropped on purpose: only their markers are proved. */
  dropped: number
  /** Batches of the journal that are not in the database yet. */
  pending: number
  /** Records that were compared with the journal, value by value. */
  comparedWithJournal: number
  /** `120-3f5a…`: the number of the last batch and its chain, which stands for everything up to it. Absent without any. */
  hash?: string
  /** True when the session has ended, so that the hash is its last one. */
  ended: boolean
  /** The first ones. */
  problems: Problem[]
  problemCount: number
  doubts: Doubt[]
}

/** Of one kind, so many are listed for a session; all are counted. */
const LISTED = 20

/** Collects the problems of a session. */
export class ProblemList {
  readonly problems: Problem[] = []
  count = 0
  readonly #sessionId: number
  readonly #byKind = new Map<ProblemKind, number>()

  constructor(sessionId: number) {
    this.#sessionId = sessionId
  }

  add(problem: Omit<Problem, 'sessionId'>): void {
    this.count++
    const listed = this.#byKind.get(problem.kind) ?? 0
    this.#byKind.set(problem.kind, listed + 1)
    if (listed < LISTED) this.problems.push({ sessionId: this.#sessionId, ...problem })
  }
}
