/** How far a move is, in words and figures. */

export interface MoveProgress {
  table: string
  /**
   * `begun` and `continued` come once, `copy` behind each window, `wait` while others are in the way, `anew` when the plain table was rewritten
   * or altered, `done` at the end.
   */
  phase: 'begun' | 'continued' | 'anew' | 'copy' | 'compare' | 'wait' | 'done'
  /** That are copied, of those that were there when the move began. */
  rows: number
  aboutRows: number
  /** What the hypertable needs on the disk until the plain table is dropped. */
  bytes: number
  rowsPerSecond?: number | undefined
  secondsLeft?: number | undefined
  /** Who is in the way. */
  waitsFor?: string
  /** How long writers waited at the end. */
  lockedMs?: number
}

/** Measures the speed of a process that may go on where another one ended. */
export class Rate {
  #first: { rows: number; atMs: number } | undefined
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Returns nothing at the first call, from which it counts. */
  at(rows: number, ofRows: number): { rowsPerSecond?: number; secondsLeft?: number } {
    const atMs = this.#nowMs()
    this.#first ??= { rows, atMs }
    const done = rows - this.#first.rows
    if (done <= 0 || atMs <= this.#first.atMs) return {}
    const rowsPerSecond = (done * 1000) / (atMs - this.#first.atMs)
    return { rowsPerSecond: Math.round(rowsPerSecond), secondsLeft: Math.ceil(Math.max(0, ofRows - rows) / rowsPerSecond) }
  }
}

/** One line for people. */
export function moveLine({ table, phase, rows, aboutRows, bytes, rowsPerSecond, secondsLeft, waitsFor, lockedMs }: MoveProgress): string {
  const of = `${count(rows)} of about ${count(aboutRows)} rows`
  switch (phase) {
    case 'begun':
      return `${table}: about ${count(aboutRows)} rows become a hypertable; this needs ${gigabytes(bytes)} more on the disk of the database until it is done. Collectors may go on.`
    case 'continued':
      return `${table}: going on behind ${of}`
    case 'anew':
      return `${table}: the table was rewritten or altered since the move began: beginning anew`
    case 'copy':
      return `${table}: ${of}${rowsPerSecond === undefined ? '' : `, ${count(rowsPerSecond)} rows/s`}${secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`}`
    case 'compare':
      return `${table}: all rows are copied; comparing both tables`
    case 'wait':
      return `${table}: waiting for ${waitsFor ?? 'another transaction'}, without holding anybody up`
    case 'done':
      return `${table}: a hypertable with ${count(rows)} rows; writers waited ${Math.ceil(lockedMs ?? 0)} ms for the change`
  }
}

export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

function count(rows: number): string {
  return Math.round(rows).toLocaleString('en-US')
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
