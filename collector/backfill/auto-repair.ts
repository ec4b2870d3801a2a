/**
 * Fills gaps from IB's history while the recording goes on, as `tapedeck backfill --gaps` does: over the collector's own connection, behind
 * everything that lines ask for. A gap that is still open is left until it is over.
 *
 * States: idle -> due (a gap has ended, or the recording has begun) -> filling -> idle, or due again when something is left: the link was lost,
 * another backfill runs, a gap goes on. What was interrupted is noted in the database, and gone on with by the next run, or the next process.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import type { RepairState } from '../../db/backfill/gap-repairs.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { TapedeckError } from '../../market/errors.ts'
import type { RecordListener } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { historyBeside, type HistoryRequests } from '../ib/history/over-link.ts'
import type { Link } from '../ib/link/link.ts'
import { lineKey } from '../record/lines.ts'
import type { Events } from '../telemetry/events/index.ts'
import { historyWindows, type HistoryWindows } from './pacing.ts'
import { repairGaps, type RepairOptions, type RepairReport } from './repair-gaps.ts'

export interface AutoRepairSettings {
  /** Most requests in ten minutes. */
  requests: number
  /** Other times than IB's, beside a gateway of ours that measures as fast. */
  windows?: HistoryWindows | undefined
  /** Behind the end of a gap; absent: half a minute. */
  delayMs?: number | undefined
}

export interface AutoRepairOptions {
  /** Undefined: nothing is filled. */
  settings: AutoRepairSettings | undefined
  /** Of the database, once prepared. */
  url: () => string
  /** The link that is up. */
  link: () => Link | undefined
  recorder: { subscribe: (listener: RecordListener) => void }
  /** The market's. */
  clock: { known: boolean; nowUs: () => number }
  events: Pick<Events, 'gapsFilled' | 'on'>
  routeOf: RepairOptions['routeOf']
  /** Whether the database has all that was recorded until then, by `performance.now()`: what it lacks would be filled beside it. */
  isCommitted: (sinceMs: number) => boolean
  /** Aborted: the recording ends. */
  stop: AbortSignal
}

/** Since the start of the process. */
export interface RepairFigures {
  /** Gaps of contracts, by what became of them. */
  outcomes: Partial<Record<RepairState, number>>
  requests: number
  ticks: number
  /** Pieces of time that wait to be filled. */
  pending: number
}

/** IB's history has a tick after 15 s at the latest, and the database the end of the gap by then. */
const DELAY_MS = 30_000
/** Something was left: the first pause, and the longest. */
const AGAIN = { firstMs: 60_000, mostMs: 1_800_000 }
/** The database is behind: a look so often, and then another time. */
const COMMIT = { lookMs: 250, mostMs: 60_000 }
/** So far back an earlier process may have left something. */
const LOOK_BACK_US = 7 * 86_400_000_000
/** Another backfill has the lock. */
const RUNS = 'backfill-runs'

export class AutoRepair {
  readonly #options: AutoRepairOptions
  readonly #history: HistoryRequests
  /** As the gateway described them, by symbol and currency: asking again could keep the search for chains waiting. */
  readonly #stocks = new Map<string, Contract>()
  readonly #instruments = new Set<number>()
  /** Since when lines of stocks have been missing. */
  readonly #missingUs = new Map<string, number>()
  readonly #figures: RepairFigures = { outcomes: {}, requests: 0, ticks: 0, pending: 0 }
  #settings: AutoRepairSettings | undefined
  #isPrepared = false
  /** Gaps that begin behind it are to be looked at. */
  #fromUs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #againMs = AGAIN.firstMs
  #filling: { link: Link; abort: AbortController; ended: Promise<void> } | undefined

  constructor(options: AutoRepairOptions) {
    this.#options = options
    this.#settings = options.settings
    const beside = historyBeside(options.link)
    const find: HistoryRequests['find'] = async (wanted) =>
      ('strike' in wanted ? undefined : this.#stocks.get(stockName(wanted))) ?? beside.find(wanted)
    this.#history = { ...beside, find }
    options.recorder.subscribe((record) => this.#take(record))
    options.events.on('feedUp', () => this.#schedule())
    options.events.on('feedDown', () => {
      // Of several gateways another one may be down.
      if (this.#filling && this.#filling.link !== options.link()) this.#filling.abort.abort()
    })
    options.stop.addEventListener('abort', () => this.#cease(), { once: true })
  }

  get figures(): Readonly<RepairFigures> {
    return this.#figures
  }

  /** The database can be asked from now on. */
  prepared(): void {
    if (this.#isPrepared) return
    this.#isPrepared = true
    this.#fromUs = Number.NEGATIVE_INFINITY
    this.#schedule()
  }

  configure(settings: AutoRepairSettings | undefined): void {
    const wasOff = this.#settings === undefined
    this.#settings = settings
    if (!settings) this.#cease()
    else if (wasOff) {
      this.#fromUs = Number.NEGATIVE_INFINITY
      this.#schedule()
    }
  }

  /** Resolves when what was being stored is stored. */
  async ended(): Promise<void> {
    await this.#filling?.ended
  }

  #cease(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#filling?.abort.abort()
  }

  #take(record: TapeRecord): void {
    if (record.kind === 'gap') return this.#wants(record.fromTsUs)
    if (record.kind === 'contract' && record.contract.kind === 'stock') {
      this.#stocks.set(stockName(record.contract), record.contract)
      this.#instruments.add(record.instrument)
    } else if (record.kind === 'line' && this.#instruments.has(record.instrument)) {
      const key = lineKey(record.instrument, record.feed)
      const sinceUs = this.#missingUs.get(key)
      if (record.event === 'opened') {
        this.#missingUs.delete(key)
        if (sinceUs !== undefined) this.#wants(sinceUs)
      } else if (sinceUs === undefined) this.#missingUs.set(key, record.untilTsUs ?? record.tsUs)
    }
  }

  /** A gap that began then is over. */
  #wants(fromUs: number): void {
    this.#fromUs = Math.min(this.#fromUs ?? fromUs, fromUs)
    this.#againMs = AGAIN.firstMs
    this.#schedule()
  }

  #schedule(ms = this.#settings?.delayMs ?? DELAY_MS): void {
    if (!this.#settings || this.#options.stop.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms).unref()
  }

  #look(): void {
    const { clock } = this.#options
    const settings = this.#settings
    const fromUs = this.#fromUs
    if (!settings || !this.#isPrepared || this.#filling || fromUs === undefined) return
    if (!clock.known) return this.#schedule()
    // The next link is waited for.
    const link = this.#options.link()
    if (!link) return
    this.#fromUs = undefined
    const abort = new AbortController()
    const ended = this.#fill(settings, fromUs, abort.signal).then((isLeft) => {
      this.#filling = undefined
      if (isLeft) this.#fillAgain(fromUs, abort.signal.aborted)
      else this.#againMs = AGAIN.firstMs
      // What ended meanwhile.
      if (!isLeft && this.#fromUs !== undefined) this.#schedule()
    })
    this.#filling = { link, abort, ended }
  }

  /** `wasCut`: its link was lost. There may be one again already, which was of no use while the last was being given up. */
  #fillAgain(fromUs: number, wasCut: boolean): void {
    this.#fromUs = Math.min(this.#fromUs ?? fromUs, fromUs)
    if (wasCut) return this.#schedule()
    this.#schedule(this.#againMs)
    this.#againMs = Math.min(2 * this.#againMs, AGAIN.mostMs)
  }

  /** Returns whether something is left. Never rejects. */
  async #fill({ requests, windows }: AutoRepairSettings, fromUs: number, stop: AbortSignal): Promise<boolean> {
    const { url, routeOf, events } = this.#options
    try {
      const nowUs = await this.#committedUs(stop)
      if (nowUs === undefined) return true
      const report = await repairGaps({
        url: url(),
        gateway: this.#history,
        routeOf,
        range: { fromUs: Math.max(fromUs, nowUs - LOOK_BACK_US), toUs: nowUs },
        series: ['trades'],
        windows: { ...(windows ?? historyWindows()), periodRequests: requests },
        nowUs,
        stop,
        onProgress: ({ done, spans }) => (this.#figures.pending = spans - done),
      })
      this.#count(report)
      if (report.spans > 0 || report.refused.length > 0) events.gapsFilled(report)
      return report.interrupted || report.open + report.later > 0
    } catch (error) {
      const isBusy = error instanceof TapedeckError && error.code === RUNS
      if (!isBusy) events.gapsFilled({ error })
      return true
    }
  }

  /** A moment up to which the database has all that was recorded; undefined: it is behind. */
  async #committedUs(stop: AbortSignal): Promise<number | undefined> {
    const { clock, isCommitted } = this.#options
    const [nowUs, nowMs] = [clock.nowUs(), performance.now()]
    while (!stop.aborted && performance.now() - nowMs < COMMIT.mostMs) {
      if (isCommitted(nowMs)) return nowUs
      await sleep(COMMIT.lookMs)
    }
    return undefined
  }

  #count({ states, sent, ticks, interrupted }: RepairReport): void {
    const figures = this.#figures
    for (const [state, count] of Object.entries(states) as [RepairState, number][])
      figures.outcomes[state] = (figures.outcomes[state] ?? 0) + count
    figures.requests += sent
    figures.ticks += ticks
    if (!interrupted) figures.pending = 0
  }
}

function stockName({ symbol, currency }: { symbol: string; currency: string }): string {
  return contractKey({ kind: 'stock', symbol, currency })
}
