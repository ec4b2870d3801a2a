/**
 * `tapedeck arb scan`: runs the arbitrage detectors over what was recorded. They see what they saw live, so that the same settings find the
 * same opportunities: every session is read from its start, one by one, as what is known of lines and gaps belongs to one session.
 */

import { connectClient } from '../../db/pool.ts'
import { isSessionOver } from '../../db/read/queries/session-over.ts'
import { openRecordSource } from '../../db/read/record-source.ts'
import { withReader } from '../../db/read/table-streams.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import type { ScannedPart } from '../../db/write/derived-rows.ts'
import { replaceParity } from '../../db/write/implied-carry.ts'
import { replaceOpportunities } from '../../db/write/opportunities.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Funnel } from '../../market/arbitrage/funnel.ts'
import type { RecordSource } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { SourceScan, type SourceScanOptions, sumOf } from './source-scan.ts'
import { type CarrySettings, standInCarry } from './stand-in-carry.ts'

export interface ScanOptions extends Pick<SourceScanOptions, 'part' | 'settings' | 'detectors'> {
  /** Called with the records that were read so far, of about how many if that is known. */
  onProgress?: ((records: number, total: number | undefined) => void) | undefined
  signal: AbortSignal
}

export interface ScanSessionsOptions extends ScanOptions {
  url: string
  sessionId: number | 'latest' | 'all'
  /** What is found is stored, in place of what is stored of the same sessions and part. */
  write?: boolean | undefined
}

export interface StoredScan {
  sessionId: number
  stored: number
  /** How many were there before. */
  replaced: number
}

export interface ScanSummary {
  /** Sessions that were scanned; none for a tape that no collector recorded. */
  sessionIds: readonly number[]
  ticks: number
  /** Of the first and the last tick of the part. */
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  funnel: Funnel
  /** By session, in the order in which they opened. Without an ending: open at the last record of a session that may go on. */
  episodes: readonly Episode[]
  stored: readonly StoredScan[]
  /** Detectors that threw, and what: they were off for the rest of a session. */
  failedDetectors: Readonly<Record<string, string>>
  seconds: number
}

export interface ScanTapeOptions extends ScanOptions {
  /** Of the settings, for a tape that no collector recorded. */
  carry: CarrySettings
}

/** @throws FeedError when the tape cannot be read */
export async function scanTape(path: string, options: ScanTapeOptions): Promise<ScanSummary> {
  const run = new Run(options, undefined, standInCarry(options.carry))
  await run.over(tapeSource(path), { isOver: true, keepsParity: false })
  return run.summary([])
}

/** @throws FeedError when there is no such session, or it cannot be read; WriteError when what is found cannot be stored */
export async function scanSessions(options: ScanSessionsOptions): Promise<ScanSummary> {
  const { url, sessionId, part, settings, write = false, signal } = options
  const { fromUs, toUs, symbols } = part
  const { sessions } = await openRecordSource({ url }, { sessionId, fromUs, toUs, symbols })
  const total = sessions.reduce((sum, { acceptedTicks, quarantinedTicks }) => sum + acceptedTicks + quarantinedTicks, 0)
  const run = new Run(options, toUs === undefined && symbols === undefined ? total : undefined)
  const stored: StoredScan[] = []
  for (const { sessionId } of sessions) {
    const isOver = await withReader(url, (client) => isSessionOver(client, sessionId))
    // All symbols: what is found of some depends on the time that the records of others tell.
    const source = await openRecordSource({ url }, { sessionId, includeQuarantined: true })
    const { scan, isComplete } = await run.over(source, { isOver, keepsParity: write && symbols === undefined })
    // A part of a session is not stored as if it were all.
    if (signal.aborted) break
    const goesOn = isComplete ? undefined : { lastUs: scan.lastRecordUs, open: scan.open.map(({ id }) => id) }
    if (write) stored.push(await store(url, { ...part, sessionId, goesOn }, scan, settings))
  }
  return run.summary(stored)
}

/** The minute's first quote dates a sample of parity: of some symbols alone it would be another one, so that these are stored of all or none. */
async function store(url: string, part: ScannedPart, { found, parity }: SourceScan, settings: object): Promise<StoredScan> {
  const { sessionId, symbols } = part
  const client = await connectClient(url)
  try {
    const replaced = await replaceOpportunities(
      client,
      part,
      found.map((episode) => ({ episode, settings })),
    )
    if (symbols === undefined)
      await replaceParity(
        client,
        part,
        parity.map((sample) => ({ sessionId, sample })),
      )
    return { sessionId, stored: found.length, replaced }
  } finally {
    await client.end()
  }
}

/** One run over all that is scanned. */
class Run {
  readonly #options: ScanOptions
  readonly #total: number | undefined
  readonly #behind: ((record: TapeRecord) => readonly TapeRecord[]) | undefined
  readonly #sessionIds = new Set<number>()
  readonly #episodes: Episode[] = []
  readonly #funnels: Funnel[] = []
  readonly #failedDetectors: Record<string, string> = {}
  readonly #startedMs = performance.now()
  #records = 0
  #ticks = 0
  #firstTsUs: number | undefined
  #lastTsUs: number | undefined

  /** @param behind gives records that belong behind one of a tape that no collector recorded */
  constructor(options: ScanOptions, total?: number, behind?: (record: TapeRecord) => readonly TapeRecord[]) {
    this.#options = options
    this.#total = total
    this.#behind = behind
  }

  /** Scans a source of one session. What is open at its last record ends there if it `isOver`. Complete: nothing more of the part can come. */
  async over(
    source: RecordSource,
    { isOver, keepsParity }: { isOver: boolean; keepsParity: boolean },
  ): Promise<{ scan: SourceScan; isComplete: boolean }> {
    const { part, settings, detectors, signal } = this.#options
    const onDetectorError = (detector: string, error: unknown) => (this.#failedDetectors[detector] = String(error))
    const scan = new SourceScan({ part, settings, detectors, keepsParity, onDetectorError })
    const isWhole = await this.#read(source, scan)
    if (isWhole && isOver && !signal.aborted) scan.end()
    this.#episodes.push(...scan.found, ...scan.open)
    this.#funnels.push(scan.funnel)
    this.#ticks += scan.ticks
    this.#firstTsUs ??= scan.firstTsUs
    this.#lastTsUs = scan.lastTsUs ?? this.#lastTsUs
    return { scan, isComplete: isOver || !isWhole }
  }

  /** Returns whether it was read to its end. */
  async #read(source: RecordSource, scan: SourceScan): Promise<boolean> {
    const { onProgress, signal } = this.#options
    for await (const { sessionId, records } of source.records()) {
      if (signal.aborted) return false
      if (sessionId > 0) this.#sessionIds.add(sessionId)
      const behind = sessionId > 0 ? undefined : this.#behind
      for (const record of records) {
        if (!scan.take(record, sessionId)) return false
        if (behind) for (const other of behind(record)) scan.take(other, sessionId)
      }
      this.#records += records.length
      onProgress?.(this.#records, this.#total)
    }
    return true
  }

  summary(stored: readonly StoredScan[]): ScanSummary {
    return {
      sessionIds: [...this.#sessionIds],
      ticks: this.#ticks,
      firstTsUs: this.#firstTsUs,
      lastTsUs: this.#lastTsUs,
      funnel: sumOf(this.#funnels),
      episodes: this.#episodes,
      stored,
      failedDetectors: this.#failedDetectors,
      seconds: (performance.now() - this.#startedMs) / 1000,
    }
  }
}
