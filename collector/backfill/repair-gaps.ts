/**
 * Fills gaps of the ledger from IB's history. The ticks go into sessions of the kind `history`, one for each gap, contract and market day; what the
 * recording has of a second is never stored again (reconcile.ts). The state of each gap is noted in the transaction that stores its ticks, so
 * that a process which is killed at any moment goes on from there.
 *
 * A gap: pending -> repaired | no-data | refused | partly (refused in the middle). One that has become longer since is pending again.
 */

import type pg from 'pg'

import { BackfillStore } from '../../db/backfill/backfill-store.ts'
import {
  askedForGap,
  describedContracts,
  finishedSql,
  liveSource,
  noteRepairSql,
  readRepairs,
  type RepairNote,
  type RepairState,
  storedQuoteSeconds,
  storedTrades,
} from '../../db/backfill/gap-repairs.ts'
import { HistorySessions } from '../../db/backfill/history-sessions.ts'
import { refreshTouched } from '../../db/operate/refresh-aggregates.ts'
import { connectClient } from '../../db/pool.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { type Span, union } from '../../market/coverage.ts'
import { FeedError, messageOf } from '../../market/errors.ts'
import { Mark, withMarks } from '../../market/marks.ts'
import type { HistoryTick, TradeSource } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import type { GapOfContract, RepairSeries } from '../gaps/repairable.ts'
import { gapsOfContracts } from '../gaps/report.ts'
import type { HistorySettings } from '../ib/history/history-connection.ts'
import type { HistoryRequests } from '../ib/history/over-link.ts'
import { historyRefusalOf } from '../ib/history/refusal.ts'
import { HistoryDesk } from './desk.ts'
import { pacedBefore } from './jobs.ts'
import { HistoryPacing, type HistoryWindows } from './pacing.ts'
import type { LeftOut } from './plan.ts'
import { bringsEvery, type LiveTrades, repairOf } from './reconcile.ts'
import { noteOf, planRepairs, type RepairJob } from './repair-plan.ts'
import { fetchTicks, HISTORY_REFUSED } from './ticks.ts'
import { withHistory } from './with-history.ts'

export interface RepairOptions {
  /** Of the database. */
  url: string
  /** A connection of its own is made there; or the one to ask over. */
  gateway: HistorySettings | HistoryRequests
  /** How a stock is asked for. */
  routeOf: (symbol: string) => { exchange: string; primaryExchange?: string | undefined }
  /** Gaps that lie in this time or reach into it. */
  range: Span
  symbols?: readonly string[] | undefined
  series: readonly RepairSeries[]
  withOptions?: boolean | undefined
  withUnseen?: boolean | undefined
  /** Asks also for what IB refused before. */
  again?: boolean | undefined
  windows: HistoryWindows
  nowUs: number
  /** Only says what would be asked for; no gateway is needed. */
  dryRun?: boolean | undefined
  stop?: AbortSignal | undefined
  onProgress?: ((progress: RepairProgress) => void) | undefined
}

export interface RepairProgress {
  done: number
  spans: number
  waits?: string | undefined
}

export interface RepairReport extends Span {
  dryRun: boolean
  /** Gaps to be filled, contract by contract. */
  gaps: number
  /** Pieces of time that they make: each takes a request for every thousand ticks, and one at least. */
  spans: number
  doneBefore: number
  /** That are not over. */
  open: number
  /** That are so fresh that history may lack their end. */
  later: number
  /** The least that so many requests take by IB's limits, with one for each span. */
  leastMs: number
  /** Requests, those that were sent again among them. */
  sent: number
  ticks: number
  reconciledTicks: number
  /** Of the gaps that were looked at now. */
  states: Partial<Record<RepairState, number>>
  refused: LeftOut[]
  interrupted: boolean
  /** Why aggregates of the ticks could not be computed anew. */
  refreshFailure?: string
}

/** What a session of these ticks has in its detail. */
const DETAIL = { fills: 'gaps' }
const LOST_LINK = 'the connection to the gateway'
/** IB counts a request for bid and ask twice. */
const WEIGHT: Readonly<Record<RepairSeries, number>> = { trades: 1, quotes: 2 }

/**
 * @throws FeedError when the gateway cannot be reached, WriteError when the database refuses or another backfill runs
 */
export async function repairGaps(options: RepairOptions): Promise<RepairReport> {
  const store = await BackfillStore.open(options.url)
  const client = await connectClient(options.url)
  try {
    if (!options.dryRun) await store.alone()
    const kinds = options.withOptions ? undefined : ['stock']
    const gaps = await gapsOfContracts(client, { ...options.range, symbols: options.symbols, kinds })
    const noted = await readRepairs(client, options.range)
    const plans = options.series.map((series) => {
      const { withOptions = false, withUnseen = false, again = false, nowUs } = options
      return planRepairs(gaps, noted, { series, withOptions, withUnseen, again, nowUs, calendar: nyse })
    })
    const pacing = new HistoryPacing(options.windows)
    for (const { agoMs, ...request } of await store.recent(options.windows.periodMs))
      pacing.seen(pacedBefore(request, request.instrumentId), agoMs, performance.now())
    const jobs = plans.flatMap((plan) => plan.jobs)
    const weight = jobs.reduce((sum, { series, parts }) => sum + WEIGHT[series] * parts.length, 0)
    const refused = plans.flatMap((plan) => plan.refused)
    const report: RepairReport = {
      ...options.range,
      dryRun: options.dryRun ?? false,
      gaps: jobs.reduce((sum, job) => sum + job.gaps.length, 0),
      spans: jobs.length,
      doneBefore: plans.reduce((sum, plan) => sum + plan.doneBefore, 0),
      open: plans.reduce((sum, plan) => sum + plan.open, 0),
      later: plans.reduce((sum, plan) => sum + plan.later, 0),
      leastMs: pacing.leastMs(weight, performance.now()),
      sent: 0,
      ticks: 0,
      reconciledTicks: 0,
      states: refused.length > 0 ? { refused: refused.length } : {},
      refused: refusals(refused, gaps),
      interrupted: false,
    }
    if (options.dryRun) return report
    const pending = jobs.flatMap((job) => job.gaps.map((gap) => noteOf(gap, job.series, 'pending')))
    if (refused.length + pending.length > 0) await client.query(noteRepairSql([...refused, ...pending]))
    if (jobs.length > 0) await new Run(options, { store, client, pacing, report }).perform(jobs)
    return report
  } finally {
    await client.end().catch(() => undefined)
    await store.close()
  }
}

/** One line for each symbol and reason. */
function refusals(notes: readonly RepairNote[], gaps: readonly GapOfContract[]): LeftOut[] {
  const symbols = new Map(gaps.map(({ contract }) => [contract.instrument, contract.symbol]))
  const counts = new Map<string, LeftOut & { gaps: number }>()
  for (const { instrument, reason = '' } of notes) {
    const what = symbols.get(instrument) ?? String(instrument)
    const known = counts.get(`${what} ${reason}`)
    if (known) known.gaps++
    else counts.set(`${what} ${reason}`, { what, reason, gaps: 1 })
  }
  return [...counts.values()].map(({ what, reason, gaps: count }) => ({
    what: `${what}, ${count} ${count === 1 ? 'gap' : 'gaps'}`,
    reason,
  }))
}

interface Work {
  store: BackfillStore
  client: pg.Client
  pacing: HistoryPacing
  report: RepairReport
}

/** What is known of a job while it runs. */
interface Filling extends RepairJob {
  contract: Contract
  /** Of its live trades. */
  source: TradeSource
  secondsLeft: number
  /** Live trades that IB's history does not have. */
  unknown: number
  ticks: number
  /** IB has ticks of that time, or of later. */
  hasHistory: boolean
  refusal?: string
}

class Run {
  readonly #options: RepairOptions
  readonly #work: Work
  readonly #sessions: HistorySessions
  readonly #desk: HistoryDesk
  readonly #stop: AbortSignal
  /** What ticks were added to. */
  readonly #touched: Span[] = []
  #done = 0

  constructor(options: RepairOptions, work: Work) {
    this.#options = options
    this.#work = work
    this.#stop = options.stop ?? new AbortController().signal
    this.#sessions = new HistorySessions(options.url)
    this.#desk = new HistoryDesk({ pacing: work.pacing, stop: this.#stop, onWait: () => this.#progress() })
  }

  async perform(jobs: readonly RepairJob[]): Promise<void> {
    const { report } = this.#work
    const { gateway } = this.#options
    const onDown = () => this.#desk.wait(LOST_LINK)
    try {
      if ('find' in gateway) await this.#fillAll(jobs, gateway)
      else await withHistory({ gateway, stop: this.#stop, onDown }, (history) => this.#fillAll(jobs, history))
    } catch (error) {
      if (!(this.#stop.aborted && historyRefusalOf(error) === 'lost')) throw error
      report.interrupted = true
    } finally {
      report.sent = this.#desk.sent
      await this.#sessions.close()
      await this.#refresh()
    }
  }

  async #fillAll(jobs: readonly RepairJob[], history: HistoryRequests): Promise<void> {
    const contracts = await this.#find(jobs, history)
    for (const job of jobs) {
      const contract = contracts.get(job.instrument)
      if (contract) await this.#fill(job, contract, history)
      else await this.#end({ ...job, refusal: 'IB knows no such contract', ticks: 0, secondsLeft: 0, unknown: 0, hasHistory: false })
      this.#done++
      this.#progress()
    }
  }

  async #find(jobs: readonly RepairJob[], history: HistoryRequests): Promise<Map<number, Contract>> {
    const described = await describedContracts(this.#work.client, [...new Set(jobs.map(({ instrument }) => instrument))])
    const found = new Map<number, Contract>()
    for (const [instrument, contract] of described) {
      const { symbol, currency, kind } = contract
      const answer = await history.find(
        kind === 'option' ? contract : { symbol, currency, kind: 'stock', ...this.#options.routeOf(symbol) },
      )
      if (answer) found.set(instrument, answer)
    }
    return found
  }

  async #fill(job: RepairJob, contract: Contract, history: HistoryRequests): Promise<void> {
    const span = { fromUs: job.parts[0]?.fromUs ?? 0, toUs: job.parts.at(-1)?.toUs ?? 0 }
    const source = (await liveSource(this.#work.client, job.instrument, span)) ?? 'tick-by-tick'
    const filling: Filling = { ...job, contract, source, secondsLeft: 0, unknown: 0, ticks: 0, hasHistory: false }
    try {
      for (const part of job.parts) await this.#fillPart(filling, part, history)
    } catch (error) {
      if (!(error instanceof FeedError) || error.code !== HISTORY_REFUSED) throw error
      filling.refusal = error.message
    }
    await this.#end(filling)
  }

  async #fillPart(filling: Filling, part: Span, history: HistoryRequests): Promise<void> {
    const { contract, series, instrument } = filling
    const { store, client } = this.#work
    const session = await this.#sessions.begin({ contract, what: series, ...part, detail: DETAIL })
    // A backfill has brought all ticks of these seconds.
    const done = (await store.known([contract], { series, seconds: undefined })).get(contractKey(contract))?.done ?? []
    const skip = union(done, part)
    filling.hasHistory ||= skip.length > 0
    const pages = fetchTicks(
      { ...part, skip },
      {
        history,
        desk: this.#desk,
        contract,
        instrumentId: instrument,
        what: series,
        notesOf: (fromUs) => ({
          asked: () => askedForGap(client, { instrument, series, fromUs, toUs: part.toUs }),
          ended: (requestId, outcome, reason) => store.ended(requestId, outcome, reason),
        }),
      },
    )
    for await (const page of pages) {
      const { requestId, noData, ticks: answered } = page.answer
      this.#desk.waitedFor(LOST_LINK)
      filling.hasHistory ||= answered.length > 0
      const { ticks, secondsLeft, unknownToHistory } = repairOf(filling.gaps, page.ticks, await this.#live(filling, page))
      filling.secondsLeft += secondsLeft
      filling.unknown += unknownToHistory
      const counts = countsOf(filling, ticks)
      const also = (repairedBy?: number) =>
        [
          finishedSql(requestId, { toUs: page.toUs, noData, ticks: ticks.length, sessionId: repairedBy }),
          noteRepairSql(counts.map((count) => ({ ...count, repairedBy }))),
        ].join('; ')
      const rows = ticks.map(({ isReconciled, ...tick }) => asRecorded(tick, filling.source, isReconciled))
      const stored = await session.store(rows, { isLast: page.isLast, also })
      if (!stored) await client.query(also())
      if (ticks.length > 0) this.#touched.push({ fromUs: page.fromUs, toUs: page.toUs - 1 })
      this.#count(filling, ticks)
    }
  }

  /** Bars and the like, of exactly what was added to. */
  async #refresh(): Promise<void> {
    try {
      // Always from old to new.
      for (const touched of this.#touched.sort((a, b) => a.fromUs - b.fromUs)) await refreshTouched(this.#work.client, touched)
    } catch (error) {
      this.#work.report.refreshFailure = messageOf(error)
    }
  }

  #count(filling: Filling, ticks: readonly { isReconciled: boolean }[]): void {
    const { report } = this.#work
    filling.ticks += ticks.length
    report.ticks += ticks.length
    report.reconciledTicks += ticks.filter(({ isReconciled }) => isReconciled).length
    this.#progress()
  }

  async #live({ instrument, series, source }: Filling, page: Span): Promise<LiveTrades> {
    const { client } = this.#work
    if (series === 'quotes') return { trades: await storedQuoteSeconds(client, instrument, page), areWhole: false }
    return { trades: await storedTrades(client, instrument, source, page), areWhole: bringsEvery(source) }
  }

  /** Notes what became of the gaps of a job. */
  async #end({ gaps, series, symbol, refusal, ticks, secondsLeft, unknown, hasHistory }: Ended): Promise<void> {
    const { client, report } = this.#work
    const state = refusal === undefined ? (hasHistory ? 'repaired' : 'no-data') : ticks > 0 ? 'partly' : 'refused'
    const left = [
      ...(secondsLeft > 0 ? [`${secondsLeft} of its seconds hold live samples, and are left as they are`] : []),
      ...(unknown > 0 ? [`${unknown} live trades of its seconds are not in IB's history`] : []),
    ]
    const reason = refusal ?? (left.length > 0 ? left.join('; ') : undefined)
    await client.query(noteRepairSql(gaps.map((gap) => noteOf(gap, series, state, reason))))
    report.states[state] = (report.states[state] ?? 0) + gaps.length
    if (refusal !== undefined) report.refused.push({ what: `${symbol} ${isoFromUs(gaps[0]?.fromUs ?? 0)}`, reason: refusal })
  }

  #progress(): void {
    this.#options.onProgress?.({ done: this.#done, spans: this.#work.report.spans, waits: this.#desk.waits })
  }
}

type Ended = RepairJob & Pick<Filling, 'refusal' | 'ticks' | 'secondsLeft' | 'unknown' | 'hasHistory'>

/** As the live ticks around it: who sums the trades of one source has each of them once. */
function asRecorded(tick: HistoryTick, source: TradeSource, isReconciled: boolean): HistoryTick {
  const marked = { marks: withMarks(tick.marks, isReconciled ? Mark.reconciled : undefined) }
  return tick.kind === 'trade' ? { ...tick, ...marked, source } : { ...tick, ...marked }
}

/** By the gap in which they were made, or that follows: the ticks of a page. */
function countsOf({ gaps, series }: RepairJob, ticks: readonly { eventTsUs: number; isReconciled: boolean }[]): RepairNote[] {
  const counts = gaps.map((gap) => ({ ...noteOf(gap, series, 'pending'), ticks: 0, reconciledTicks: 0 }))
  for (const { eventTsUs, isReconciled } of ticks) {
    const count = counts.find(({ toUs }) => eventTsUs <= toUs) ?? counts.at(-1)
    if (!count) continue
    count.ticks++
    if (isReconciled) count.reconciledTicks++
  }
  return counts
}
