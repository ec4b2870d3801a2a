/**
 * Fills bars and ticks from IB's history: plans the requests, sends them as often as IB's limits let, and stores each answer with the note that its
 * request is finished. Interrupted at any moment, the same call goes on with what is left.
 *
 * A request: planned -> asked (noted in the database, then sent) -> finished (stored, or there is no data) | refused for good | asked again
 * (pacing, another session has the data, no answer, the link was lost).
 */

import { BackfillStore, type StoredCounts } from '../../db/backfill/backfill-store.ts'
import { HistorySessions } from '../../db/backfill/history-sessions.ts'
import { refreshAggregates } from '../../db/backfill/refresh.ts'
import type { HistoryBar } from '../../market/bar.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey, describeContract } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import { FeedError, messageOf } from '../../market/errors.ts'
import type { HistorySettings } from '../ib/history/history-connection.ts'
import type { HistoryRequests } from '../ib/history/over-link.ts'
import { historyRefusalOf } from '../ib/history/refusal.ts'
import type { TicksOf } from '../ib/history/ticks.ts'
import { HistoryDesk } from './desk.ts'
import { fillTicks } from './fill-ticks.ts'
import type { Fill } from './fills.ts'
import { type BarsJob, isTicks, type Job, nameOf, pacedBars, pacedBefore, requestsLeft, type TicksJob, weightOf } from './jobs.ts'
import { HistoryPacing, type HistoryWindows } from './pacing.ts'
import { type BackfillPlan, type BackfillRange, type BarsRequest, type LeftOut, planBars } from './plan.ts'
import { type PlannedTicks, planTicks, type TicksPart } from './plan-ticks.ts'
import { recordedTime } from './recorded.ts'
import { HISTORY_REFUSED } from './ticks.ts'
import { withHistory } from './with-history.ts'

/** A contract to ask about, and how IB is asked for it. */
export interface Wanted {
  contract: Contract
  exchange: string
  primaryExchange?: string | undefined
}

export interface BackfillOptions {
  /** Of the database. */
  url: string
  gateway: HistorySettings
  wanted: readonly Wanted[]
  /** Absent: bars. */
  what?: readonly Fill[] | undefined
  range: BackfillRange
  windows: HistoryWindows
  nowUs: number
  /** Only says what would be asked for; no gateway is needed. */
  dryRun?: boolean | undefined
  stop?: AbortSignal | undefined
  onProgress?: ((progress: BackfillProgress) => void) | undefined
}

export interface BackfillProgress {
  done: number
  requests: number
  /** The least that is left, by the limits and by how long answers took so far. */
  leftMs: number
  /** How many requests ticks take is not known of any part of them: more than these. */
  isLeast: boolean
  /** Why nothing is asked just now. */
  waits?: string | undefined
}

export interface BackfillReport extends BackfillRange {
  what: readonly Fill[]
  dryRun: boolean
  contracts: number
  /** Requests that it takes now. */
  requests: number
  /** Of ticks it is known only behind them: these are the least, one for each session of the market. */
  requestsAreLeast: boolean
  /** Requests, and of ticks sessions of the market, that earlier ones have made needless. */
  doneBefore: number
  /** The least that they take by IB's limits. */
  leastMs: number
  /** Requests that were sent, those that were sent again among them. */
  sent: number
  finished: number
  /** Of the finished ones: IB has no data. */
  withoutData: number
  bars: StoredCounts
  /** That were stored. */
  ticks: Record<TicksOf, number>
  /** Aggregates that were computed anew for ticks, and why they were not. */
  refreshed: { windows: number; failure?: string | undefined }
  /** Contracts and requests that are refused, and why. */
  refused: LeftOut[]
  leftOut: LeftOut[]
  /** It was stopped before the last request. */
  interrupted: boolean
}

/** Open at once. IB takes 50 of a login, and answers a few of them at a time. */
const IN_FLIGHT = 4
const LOST_LINK = 'the connection to the gateway'

/** All that is to be done. */
interface Plan extends Omit<BackfillPlan, 'requests'> {
  items: (BarsRequest | TicksPart)[]
}

/**
 * @throws ConfigError when nothing of the range can be asked for, FeedError when the gateway cannot be reached, WriteError when the database
 *   refuses or another backfill runs.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillReport> {
  const { url, windows } = options
  const store = await BackfillStore.open(url)
  const sessions = new HistorySessions(url)
  try {
    if (!options.dryRun) await store.alone()
    const plan = await planOf(options, store)
    const pacing = new HistoryPacing(windows)
    for (const { agoMs, ...request } of await store.recent(windows.periodMs))
      pacing.seen(pacedBefore(request, request.instrumentId), agoMs, performance.now())
    const run = new Run(options, { store, sessions, plan, pacing })
    if (!options.dryRun && plan.items.length > 0) await run.perform()
    return run.report()
  } finally {
    await sessions.close()
    await store.close()
  }
}

async function planOf({ url, wanted, what = ['bars'], range, nowUs }: BackfillOptions, store: BackfillStore): Promise<Plan> {
  const plan: Plan = { items: [], refused: [], leftOut: [], doneBefore: 0 }
  const contracts = wanted.map(({ contract }) => contract)
  const by = { nowUs, calendar: nyse }
  if (what.includes('bars')) {
    const known = await store.known(contracts, range)
    const { requests, ...bars } = planBars(
      contracts.map((contract) => ({ contract, done: [], splits: [], ...known.get(contractKey(contract)) })),
      range,
      by,
    )
    add(plan, requests, bars)
  }
  const kinds = what.filter((one) => one !== 'bars')
  if (kinds.length === 0) return plan
  // Also where it is refused: what was recorded is read for nothing then.
  const { fromUs, toUs } = { fromUs: nyse.zone.toUs(range.from, 0), toUs: nyse.zone.toUs(range.to, 0) }
  const recorded = fromUs < toUs ? await recordedTime(url, contracts, { fromUs, toUs }) : new Map<string, Span[]>()
  const ticks: PlannedTicks[] = []
  for (const kind of kinds) {
    const known = await store.known(contracts, { series: kind, seconds: undefined })
    for (const contract of contracts) {
      const key = contractKey(contract)
      ticks.push({ contract, what: kind, done: known.get(key)?.done ?? [], covered: recorded.get(key) ?? [] })
    }
  }
  const { parts, ...rest } = planTicks(ticks, range, by)
  add(plan, parts, rest)
  return plan
}

function add(plan: Plan, items: Plan['items'], { refused, leftOut, doneBefore }: Omit<Plan, 'items'>): void {
  plan.items.push(...items)
  plan.refused.push(...refused)
  plan.leftOut.push(...leftOut)
  plan.doneBefore += doneBefore
}

interface RunParts {
  store: BackfillStore
  sessions: HistorySessions
  plan: Plan
  pacing: HistoryPacing
}

class Run {
  readonly #options: BackfillOptions
  readonly #store: BackfillStore
  readonly #sessions: HistorySessions
  readonly #plan: Plan
  readonly #pacing: HistoryPacing
  readonly #stop: AbortSignal
  readonly #report: BackfillReport
  readonly #desk: HistoryDesk
  #jobs: Job[] = []
  readonly #begun = new Set<Job>()
  /** What whole parts of ticks took. */
  readonly #taken: number[] = []
  /** Requests that are finished or refused. */
  #settled = 0
  /** Why the first worker ended early. */
  #error: unknown
  /** Set by the first request that failed for reasons of ours; the others end with it. */
  readonly #failed = new AbortController()

  constructor(options: BackfillOptions, { store, sessions, plan, pacing }: RunParts) {
    const { range, wanted, what = ['bars'], dryRun = false, stop = new AbortController().signal } = options
    this.#options = options
    this.#store = store
    this.#sessions = sessions
    this.#plan = plan
    this.#pacing = pacing
    this.#stop = AbortSignal.any([stop, this.#failed.signal])
    this.#desk = new HistoryDesk({ pacing, stop: this.#stop, onWait: () => this.#progress() })
    const weight = plan.items.reduce((sum, item) => sum + weightOf(item), 0)
    this.#report = {
      ...range,
      what,
      dryRun,
      contracts: wanted.length,
      requests: plan.items.length,
      requestsAreLeast: plan.items.some(isTicks),
      doneBefore: plan.doneBefore,
      leastMs: pacing.leastMs(weight, performance.now()),
      sent: 0,
      finished: 0,
      withoutData: 0,
      bars: { new: 0, changed: 0, unchanged: 0, others: 0, unpriced: 0 },
      ticks: { trades: 0, quotes: 0 },
      refreshed: { windows: 0 },
      refused: [...plan.refused],
      leftOut: plan.leftOut,
      interrupted: false,
    }
  }

  report(): BackfillReport {
    return { ...this.#report, sent: this.#desk.sent }
  }

  async perform(): Promise<void> {
    const { gateway, stop } = this.#options
    const onDown = () => this.#desk.wait(LOST_LINK)
    try {
      await withHistory({ gateway, stop: this.#stop, onDown }, (history) => this.#ask(history))
    } catch (error) {
      if (!(stop?.aborted && historyRefusalOf(error) === 'lost')) throw error
    } finally {
      this.#report.interrupted = stop?.aborted === true && this.#jobs.length > 0
      await this.#refresh()
    }
  }

  async #ask(history: HistoryRequests): Promise<void> {
    try {
      this.#jobs = await this.#findAll(history)
      const workers = Array.from({ length: IN_FLIGHT }, () => this.#work(history))
      // What is being stored is stored to its end.
      const ends = await Promise.allSettled(workers)
      const failed = ends.find((end) => end.status === 'rejected')
      if (failed) throw this.#error ?? failed.reason
    } catch (error) {
      this.#failed.abort()
      throw error
    }
  }

  /** The jobs of the contracts that the gateway knows. */
  async #findAll(history: HistoryRequests): Promise<Job[]> {
    const asked = [...new Set(this.#plan.items.map(({ contract }) => contract))]
    const found = new Map<Contract, Contract>()
    for (const contract of asked) {
      const own = this.#options.wanted.find((one) => one.contract === contract)
      const { symbol, currency } = contract
      const kind = contract.kind === 'index' ? 'index' : 'stock'
      const query = { symbol, currency, kind, exchange: own?.exchange ?? '', primaryExchange: own?.primaryExchange } as const
      const answer = await history.find(contract.kind === 'option' ? contract : query)
      if (answer) found.set(contract, answer)
      else this.#report.refused.push({ what: describeContract(contract), reason: `IB knows no such ${contract.kind}` })
    }
    const known = asked.filter((contract) => found.has(contract))
    const ids = await this.#store.numbersOf(known)
    const jobs = this.#plan.items.flatMap((item): Job[] => {
      const answer = found.get(item.contract)
      if (!answer) return []
      const of = { found: answer, instrumentId: ids[known.indexOf(item.contract)] ?? Number.NaN }
      return [isTicks(item) ? { ...item, ...of, requests: 0, reachedUs: item.fromUs } : { ...item, ...of }]
    })
    this.#report.requests = jobs.length
    return jobs
  }

  async #work(history: HistoryRequests): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      this.#begun.add(job)
      try {
        await (isTicks(job) ? this.#fill(job, history) : this.#finish(job, history))
      } catch (error) {
        this.#jobs.unshift(job)
        this.#error ??= error
        this.#failed.abort()
        throw error
      } finally {
        this.#begun.delete(job)
      }
      this.#progress()
    }
  }

  /** Returns when the request is finished or refused for good. */
  async #finish(job: BarsJob, history: HistoryRequests): Promise<void> {
    const notes = {
      asked: () => this.#store.asked(job),
      ended: (requestId: number, outcome: 'asked-again' | 'refused', reason: string) => this.#store.ended(requestId, outcome, reason),
    }
    const asked = await this.#desk.ask(pacedBars(job, job.instrumentId), notes, () => history.bars(job.found, job))
    if (asked.outcome === 'refused') {
      this.#settled++
      this.#report.refused.push({ what: nameOf(job), reason: asked.reason })
      return
    }
    if (asked.outcome === 'answered') await this.#keep(asked.requestId, job, asked.answer)
    else await this.#store.ended(asked.requestId, 'no-data', asked.reason)
    this.#answered(asked.outcome === 'answered')
  }

  /** The same of a part of the market's time, with as many requests as it takes. */
  async #fill(job: TicksJob, history: HistoryRequests): Promise<void> {
    const onPage = (ticks: number, hadData: boolean) => {
      this.#report.ticks[job.what] += ticks
      this.#answered(hadData)
      this.#progress()
    }
    try {
      await fillTicks(job, { history, desk: this.#desk, store: this.#store, sessions: this.#sessions, onPage })
      this.#taken.push(job.requests)
    } catch (error) {
      if (!(error instanceof FeedError && error.code === HISTORY_REFUSED)) throw error
      this.#settled++
      this.#report.refused.push({ what: nameOf(job), reason: error.message })
    }
  }

  #answered(hadData: boolean): void {
    this.#desk.waitedFor(LOST_LINK)
    this.#settled++
    this.#report.finished++
    if (!hadData) this.#report.withoutData++
  }

  async #keep(requestId: number, job: BarsJob, bars: readonly HistoryBar[]): Promise<void> {
    const dated = bars.map((bar) => ({ ...bar, date: nyse.zone.dateOf(bar.startUs) }))
    const counts = await this.#store.store(requestId, job, dated)
    for (const name of Object.keys(counts) as (keyof StoredCounts)[]) this.#report.bars[name] += counts[name]
  }

  /** Aggregates of ticks lack those that came now. What fails here is left to `tapedeck db maintain`. */
  async #refresh(): Promise<void> {
    const { ticks, refreshed } = this.#report
    if (ticks.trades + ticks.quotes === 0) return
    const spans = this.#plan.items.filter(isTicks)
    try {
      refreshed.windows = await refreshAggregates(this.#options.url, spans)
    } catch (error) {
      refreshed.failure = messageOf(error)
    }
  }

  #progress(): void {
    const { onProgress } = this.#options
    if (!onProgress) return
    const usual = this.#taken.length === 0 ? undefined : this.#taken.reduce((sum, one) => sum + one, 0) / this.#taken.length
    const left = [...this.#jobs, ...this.#begun].map((job) => ({ weight: weightOf(job), requests: requestsLeft(job, usual) }))
    const requests = left.reduce((sum, one) => sum + one.requests, 0)
    const weight = left.reduce((sum, one) => sum + one.requests * one.weight, 0)
    const leftMs = Math.max(this.#pacing.leastMs(weight, performance.now()), (this.#desk.answerMs * requests) / IN_FLIGHT)
    const isLeast = usual === undefined && this.#jobs.some(isTicks)
    onProgress({ done: this.#settled, requests: this.#settled + requests, leftMs, isLeast, waits: this.#desk.waits })
  }
}
