/**
 * `tapedeck replay --judge`: runs the present rules over what was recorded and compares verdict by verdict. A part of a session is judged
 * with the whole session before it, as live, and compared alone.
 */

import { openRecordSource } from '../../db/read/record-source.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import { type JudgementInfo, JudgementWriter, type StoredJudgement } from '../../db/write/judgements.ts'
import type { RecordSource } from '../../market/record-source.ts'
import type { RulesInForce } from '../../market/rules/settings.ts'
import { type ComparedPart, Comparison, type DifferenceRow, type JudgeCounts } from './comparison.ts'

export interface JudgeOptions {
  rules: RulesInForce
  /** Which ticks are compared. */
  part: ComparedPart
  /** Called with the ticks that were judged so far, of how many if that is known. */
  onProgress?: ((ticks: number, totalTicks: number | undefined) => void) | undefined
  signal: AbortSignal
}

export interface JudgeSessionsOptions extends JudgeOptions {
  url: string
  sessionId: number | 'latest' | 'all'
  /** Given: what is found now is stored beside what was found then, under the version of the program that it names. */
  write?: { version: string } | undefined
}

export interface JudgeSummary extends JudgeCounts {
  /** Sessions that were judged; 0 for a tape that no collector recorded. */
  sessionIds: readonly number[]
  differences: DifferenceRow[]
  /** Versions of the programs that recorded. */
  recordedBy: readonly string[]
  /** The tape begins within a session: what was before it is not known to rules that remember. */
  beginsWithin: boolean
  /** Rules that threw, and what. */
  failedRules: Readonly<Record<string, string>>
  /** What was stored, or was there already. */
  judgements: readonly StoredJudgement[]
  seconds: number
}

/** Findings in a message to the database. */
const WRITE_ROWS = 5000

/** @throws FeedError when the tape cannot be read */
export async function judgeTape(path: string, options: JudgeOptions): Promise<JudgeSummary> {
  const run = new Run(options)
  await run.over(tapeSource(path))
  return run.summary([])
}

/** @throws FeedError when there is no such session, or it cannot be read; WriteError when a judgement cannot be stored */
export async function judgeSessions(options: JudgeSessionsOptions): Promise<JudgeSummary> {
  const { url, sessionId, part, write, signal } = options
  const { fromUs, toUs, symbols } = part
  const { sessions } = await openRecordSource({ url }, { sessionId, fromUs, toUs, symbols, includeQuarantined: true })
  const total = sessions.reduce((sum, { acceptedTicks, quarantinedTicks }) => sum + acceptedTicks + quarantinedTicks, 0)
  const run = new Run(options, toUs === undefined ? total : undefined)
  const judgements: StoredJudgement[] = []
  // One by one: what is known of lines and gaps belongs to one session, and those of two collectors overlap.
  for (const session of sessions) {
    if (signal.aborted) break
    const source = await openRecordSource({ url }, { sessionId: session.sessionId, toUs, includeQuarantined: true })
    if (!write) await run.over(source)
    else judgements.push(...(await run.stored(source, url, { ...write, sessionId: session.sessionId })))
  }
  return run.summary(judgements)
}

/** One run over all sessions that are asked for. */
class Run {
  readonly #options: JudgeOptions
  readonly #totalTicks: number | undefined
  readonly #comparison: Comparison
  readonly #failedRules: Record<string, string> = {}
  readonly #sessionIds = new Set<number>()
  readonly #startedMs = performance.now()
  #ticks = 0

  constructor(options: JudgeOptions, totalTicks?: number) {
    const { rules, part } = options
    this.#options = options
    this.#totalTicks = totalTicks
    const onRuleError = (rule: string, error: unknown) => (this.#failedRules[rule] = String(error))
    this.#comparison = new Comparison({ ...rules, onRuleError }, part)
  }

  /** Judges a source of one session. */
  async over(source: RecordSource, writer?: JudgementWriter): Promise<void> {
    const { signal, onProgress } = this.#options
    let take: ReturnType<Comparison['session']> | undefined
    for await (const { sessionId, records } of source.records()) {
      if (signal.aborted) return
      if (sessionId > 0) this.#sessionIds.add(sessionId)
      take ??= this.#comparison.session(sessionId)
      for (const record of records) {
        const judged = take(record)
        if (judged) writer?.add(judged.tick)
      }
      this.#ticks += records.length
      if (writer && writer.waiting >= WRITE_ROWS) await writer.flush()
      onProgress?.(this.#ticks, this.#totalTicks)
    }
  }

  /** Judges a session and stores what was found as one judgement; nothing of it when it was stopped. */
  async stored(
    source: RecordSource,
    url: string,
    { sessionId, version }: { sessionId: number; version: string },
  ): Promise<StoredJudgement[]> {
    const { rules, part, signal } = this.#options
    const before = { ...this.#comparison.counts }
    this.#comparison.counts.firstTsUs = undefined
    const writer = await JudgementWriter.begin(url, sessionId)
    try {
      await this.over(source, writer)
      const { counts } = this.#comparison
      const { firstTsUs, lastTsUs } = counts
      if (signal.aborted || firstTsUs === undefined || lastTsUs === undefined) return []
      const info: JudgementInfo = {
        version,
        settings: rules.settings,
        symbols: part.symbols,
        fromTsUs: firstTsUs,
        toTsUs: lastTsUs,
        ticks: counts.ticks - before.ticks,
        flagged: counts.flagged - before.flagged,
        quarantined: counts.quarantined - before.quarantined,
        differing: counts.differing - before.differing,
      }
      return [await writer.commit(info)]
    } finally {
      this.#comparison.counts.firstTsUs = before.firstTsUs ?? this.#comparison.counts.firstTsUs
      await writer.close()
    }
  }

  summary(judgements: readonly StoredJudgement[]): JudgeSummary {
    const { counts, rows, versions, beginsWithin } = this.#comparison
    return {
      sessionIds: [...this.#sessionIds],
      ...counts,
      differences: rows,
      recordedBy: [...versions],
      beginsWithin,
      failedRules: this.#failedRules,
      judgements,
      seconds: (performance.now() - this.#startedMs) / 1000,
    }
  }
}
