/**
 * Fills bars from IB's history: plans the requests, sends them as often as IB's limits let, and stores each answer with the note that its
 * request is finished. Interrupted at any moment, the same call goes on with what is left.
 *
 * A request: planned -> asked (noted in the database, then sent) -> finished (stored, or there is no data) | refused for good | asked again
 * (pacing, another session has the data, no answer, the link was lost).
 */

import { BackfillStore, type StoredCounts } from '../../db/backfill/backfill-store.ts'
import type { HistoryBar } from '../../market/bar.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey, describeContract } from '../../market/contract.ts'
import { HistoryConnection, type HistorySettings } from '../ib/history/history-connection.ts'
import { historyRefusalOf } from '../ib/history/refusal.ts'
import { HistoryDesk } from './desk.ts'
import { HistoryPacing, type HistoryWindows, type PacedRequest } from './pacing.ts'
import { type BackfillPlan, type BackfillRange, type BarsRequest, isPaced, type LeftOut, planBars } from './plan.ts'

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
  /** Why nothing is asked just now. */
  waits?: string | undefined
}

export interface BackfillReport extends BackfillRange {
  dryRun: boolean
  contracts: number
  /** Requests that it takes now. */
  requests: number
  /** Requests that earlier ones have made needless. */
  doneBefore: number
  /** The least that they take by IB's limits. */
  leastMs: number
  /** Requests that were sent, those that were sent again among them. */
  sent: number
  finished: number
  /** Of the finished ones: IB has no data. */
  withoutData: number
  bars: StoredCounts
  /** Contracts and requests that are refused, and why. */
  refused: LeftOut[]
  leftOut: LeftOut[]
  /** It was stopped before the last request. */
  interrupted: boolean
}

/** Open at once. IB takes 50 of a login, and answers a few of them at a time. */
const IN_FLIGHT = 4
const LOST_LINK = 'the connection to the gateway'

/**
 * @throws ConfigError when nothing of the range can be asked for, FeedError when the gateway cannot be reached, WriteError when the database
 *   refuses or another backfill runs.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillReport> {
  const { url, wanted, range, nowUs, windows } = options
  const store = await BackfillStore.open(url)
  try {
    if (!options.dryRun) await store.alone()
    const contracts = wanted.map(({ contract }) => contract)
    const known = await store.known(contracts, range)
    const plan = planBars(
      contracts.map((contract) => ({ contract, done: [], splits: [], ...known.get(contractKey(contract)) })),
      range,
      { nowUs, calendar: nyse },
    )
    const pacing = new HistoryPacing(windows)
    for (const { agoMs, ...request } of await store.recent(windows.periodMs))
      pacing.seen(pacedOf(request, request.instrumentId), agoMs, performance.now())
    const run = new Run(options, store, plan, pacing)
    if (!options.dryRun && plan.requests.length > 0) await run.perform()
    return run.report()
  } finally {
    await store.close()
  }
}

function pacedOf(
  { series, seconds, fromUs, toUs }: Omit<BarsRequest, 'contract' | 'series'> & { series: string },
  id: number,
): PacedRequest {
  return {
    whole: `${id} ${series} ${seconds} ${fromUs} ${toUs}`,
    series: `${id} ${series}`,
    weight: isPaced(seconds) ? (series === 'bid-ask' ? 2 : 1) : 0,
  }
}

/** A request with what is known of its contract. */
interface Job extends BarsRequest {
  instrumentId: number
  /** As the gateway knows it. */
  found: Contract
}

class Run {
  readonly #options: BackfillOptions
  readonly #store: BackfillStore
  readonly #plan: BackfillPlan
  readonly #pacing: HistoryPacing
  readonly #stop: AbortSignal
  readonly #report: BackfillReport
  readonly #desk: HistoryDesk
  #jobs: Job[] = []
  /** Requests that are finished or refused. */
  #settled = 0
  /** Why the first worker ended early. */
  #error: unknown
  /** Set by the first request that failed for reasons of ours; the others end with it. */
  readonly #failed = new AbortController()

  constructor(options: BackfillOptions, store: BackfillStore, plan: BackfillPlan, pacing: HistoryPacing) {
    const { range, wanted, dryRun = false, stop = new AbortController().signal } = options
    this.#options = options
    this.#store = store
    this.#plan = plan
    this.#pacing = pacing
    this.#stop = AbortSignal.any([stop, this.#failed.signal])
    this.#desk = new HistoryDesk({ pacing, stop: this.#stop, onWait: () => this.#progress() })
    const weight = plan.requests.reduce((sum, request) => sum + pacedOf(request, 0).weight, 0)
    this.#report = {
      ...range,
      dryRun,
      contracts: wanted.length,
      requests: plan.requests.length,
      doneBefore: plan.doneBefore,
      leastMs: pacing.leastMs(weight, performance.now()),
      sent: 0,
      finished: 0,
      withoutData: 0,
      bars: { new: 0, changed: 0, unchanged: 0, others: 0, unpriced: 0 },
      refused: [...plan.refused],
      leftOut: plan.leftOut,
      interrupted: false,
    }
  }

  report(): BackfillReport {
    return { ...this.#report, sent: this.#desk.sent }
  }

  async perform(): Promise<void> {
    const history = await HistoryConnection.begin(this.#options.gateway, { onDown: () => this.#desk.wait(LOST_LINK) })
    const close = () => void history.close()
    this.#stop.addEventListener('abort', close, { once: true })
    if (this.#stop.aborted) close()
    try {
      this.#jobs = await this.#findAll(history)
      const workers = Array.from({ length: IN_FLIGHT }, () => this.#work(history))
      // What is being stored is stored to its end.
      const ends = await Promise.allSettled(workers)
      const failed = ends.find((end) => end.status === 'rejected')
      if (failed) throw this.#error ?? failed.reason
    } catch (error) {
      this.#failed.abort()
      if (!(this.#options.stop?.aborted && historyRefusalOf(error) === 'lost')) throw error
    } finally {
      this.#report.interrupted = this.#options.stop?.aborted === true && this.#jobs.length > 0
      await history.close()
    }
  }

  /** The jobs of the contracts that the gateway knows. */
  async #findAll(history: HistoryConnection): Promise<Job[]> {
    const asked = [...new Set(this.#plan.requests.map(({ contract }) => contract))]
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
    const jobs = this.#plan.requests.flatMap((request) => {
      const answer = found.get(request.contract)
      return answer ? [{ ...request, found: answer, instrumentId: ids[known.indexOf(request.contract)] ?? Number.NaN }] : []
    })
    this.#report.requests = jobs.length
    return jobs
  }

  async #work(history: HistoryConnection): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      try {
        await this.#finish(job, history)
      } catch (error) {
        this.#jobs.unshift(job)
        this.#error ??= error
        this.#failed.abort()
        throw error
      }
      this.#settled++
      this.#progress()
    }
  }

  /** Returns when the request is finished or refused for good. */
  async #finish(job: Job, history: HistoryConnection): Promise<void> {
    const notes = {
      asked: () => this.#store.asked(job),
      ended: (requestId: number, outcome: 'asked-again' | 'refused', reason: string) => this.#store.ended(requestId, outcome, reason),
    }
    const asked = await this.#desk.ask(pacedOf(job, job.instrumentId), notes, () => history.bars(job.found, job))
    if (asked.outcome === 'refused') this.#report.refused.push({ what: nameOf(job), reason: asked.reason })
    else {
      this.#desk.waitedFor(LOST_LINK)
      if (asked.outcome === 'answered') await this.#keep(asked.requestId, job, asked.answer)
      else await this.#store.ended(asked.requestId, 'no-data', asked.reason)
      this.#report.finished++
      if (asked.outcome === 'no-data') this.#report.withoutData++
    }
  }

  async #keep(requestId: number, job: Job, bars: readonly HistoryBar[]): Promise<void> {
    const dated = bars.map((bar) => ({ ...bar, date: nyse.zone.dateOf(bar.startUs) }))
    const counts = await this.#store.store(requestId, job, dated)
    for (const name of Object.keys(counts) as (keyof StoredCounts)[]) this.#report.bars[name] += counts[name]
  }

  #progress(): void {
    const { requests } = this.#report
    const left = this.#jobs
    const weight = left.reduce((sum, job) => sum + pacedOf(job, job.instrumentId).weight, 0)
    const leftMs = Math.max(this.#pacing.leastMs(weight, performance.now()), (this.#desk.answerMs * left.length) / IN_FLIGHT)
    this.#options.onProgress?.({ done: this.#settled, requests, leftMs, waits: this.#desk.waits })
  }
}

function nameOf({ contract, fromUs, toUs }: BarsRequest): string {
  const dates = [fromUs, toUs - 1].map((us) => nyse.zone.dateOf(us))
  return `${describeContract(contract)} ${[...new Set(dates)].join(' to ')}`
}
