/**
 * Has the wanted lines served over the link that is up: attaches them to it, takes the answers to their requests, and says when every
 * line has its answer.
 *
 * States: no link -> opening (lines are being requested) -> settled (each is open or refused, or has had no answer for 10 s). Then the
 * account's entitlements are logged: once, and again when they got worse. The gap of all lines is over with their data (outages.ts).
 */

import { Subject } from 'rxjs'

import type { Contract } from '../../market/contract.ts'
import { refusalOf, UNKNOWN_TICKER_ID, VALIDATION_FAILED } from '../ib/codes.ts'
import type { Link } from '../ib/link/link.ts'
import { toIbContract } from '../ib/lookup/map-contract.ts'
import { isDelayedType } from '../ib/ticks/tick-types.ts'
import type { Coverage } from '../gaps/coverage.ts'
import type { LineEffect } from '../gaps/ib-outages.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { Assembler } from '../ib/ticks/assemble.ts'
import type { CollectorClock } from '../record/clock.ts'
import { Entitlements } from './entitlements.ts'
import type { NoticeLog } from '../ib/notice-log.ts'
import type { LineDelays } from './ask-again.ts'
import type { WantedLine } from './line.ts'
import type { LineOpener } from './queue.ts'
import { LineRegistry } from './registry.ts'

export interface LineSupplyOptions {
  assembler: Assembler
  coverage: Pick<Coverage, 'outages'>
  recorder: Recorder
  events: Events
  /** The market's clock: no line is requested before the time is known. */
  clock: CollectorClock
  /** IB's number of the market data type: 1 live … 4 delayed-frozen. */
  marketDataType: number
  genericTicks: readonly number[]
  notices: NoticeLog
  delays?: Partial<LineDelays> | undefined
  /** The cause of holds that end with the link. */
  lostCause?: string
  /** No line is refused for now any more. */
  onResumed?: () => void
}

/** After the last request. A line without an answer does not keep the report back for longer. */
const ANSWER_WAIT_MS = 10_000

export class LineSupply {
  readonly lines: LineRegistry
  readonly entitlements = new Entitlements()
  /** Emits when lines begin to be opened on a link. */
  readonly attached$ = new Subject<void>()
  readonly #options: LineSupplyOptions
  readonly #wantsDelayed: boolean
  #genericTicks: readonly number[]
  #link: Link | undefined
  #universeIsKnown = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined
  /** Underlyings that are not served tick by tick, as was logged. */
  readonly #fellBack = new Set<Contract>()
  /** What was logged of entitlements; undefined before the first report. */
  #reported: Set<string> | undefined

  constructor(options: LineSupplyOptions) {
    this.#options = options
    this.#genericTicks = options.genericTicks
    this.#wantsDelayed = isDelayedType(options.marketDataType)
    this.lines = this.#createLines()
  }

  /** False while lines are still to be wanted. */
  get universeIsKnown(): boolean {
    return this.#universeIsKnown
  }

  /** The link that is up. */
  get link(): Link | undefined {
    return this.#link
  }

  /** Lines that are opened from now on ask for these. */
  configure({ genericTicks }: { genericTicks: readonly number[] }): void {
    this.#genericTicks = genericTicks
  }

  /** Whether a tick of delayed data is to be recorded; else its line is cancelled. */
  accepts({ instrument, delayed }: { instrument: number; delayed?: true | undefined }): boolean {
    if (!delayed || this.#wantsDelayed) return true
    this.lines.cancelDelayed(instrument)
    return false
  }

  /** A link came up: says which type of data is wanted, ahead of every line. */
  linkUp(link: Link): void {
    this.#link = link
    // A link that is lost meanwhile says so itself.
    link.requestMarketDataType(this.#options.marketDataType).catch(() => undefined)
    this.attach()
  }

  /** `sinceUs`: the last moment at which lines had data. */
  linkDown(sinceUs: number): void {
    this.#link = undefined
    this.lines.linkIsNew()
    this.#detach(this.#options.lostCause ?? 'link-lost', sinceUs)
  }

  /** Opens the lines, when there is a link and the time is known. */
  attach(): void {
    if (!this.#link || !this.#options.clock.known) return
    this.entitlements.clear()
    this.#options.coverage.outages.returned()
    this.lines.linkUp(this.#openerOn(this.#link))
    this.#settleLater()
    this.attached$.next()
  }

  /** IB, or one of its farms, has been away and is back, with or without the lines. */
  ibIsBack(effect: LineEffect, cause: string): void {
    // IB says that it kept them; those that stay silent it has not.
    if (effect.kind === 'lines-kept') return this.lines.askSilentAgain(cause, { includes: effect.includes, provenUs: effect.sinceUs })
    // Every subscription is gone on IB's side; the same link opens them again.
    this.#detach(cause, effect.sinceUs)
    this.attach()
  }

  universeFound(): void {
    this.#universeIsKnown = true
    this.#settleSoon()
  }

  /** The lines that are wanted are open or refused. Without a link they are neither. */
  #settled(): void {
    if (this.#universeIsKnown && this.#link) this.#reportEntitlements()
  }

  /** The gateway knows the line: it named its parameters, or the type of its data. */
  accepted(reqId: number, marketDataType: number | undefined): void {
    const { lines, entitlements } = this
    const line = lines.lineOf(reqId)
    if (!line) return
    const delayed = marketDataType === undefined ? undefined : isDelayedType(marketDataType)
    if (delayed && !this.#wantsDelayed) return lines.cancelDelayed(line.instrument)
    if (delayed !== undefined) entitlements.served(line, delayed)
    lines.accepted(reqId)
  }

  /** An answer to a request that failed. */
  failed(reqId: number, code: number, text: string): void {
    const { lines, entitlements } = this
    const { notices } = this.#options
    if (code === UNKNOWN_TICKER_ID) return
    const line = lines.lineOf(reqId)
    const refusal = line && refusalOf(code)
    // A generic tick that does not exist for this kind of contract spoils the whole request; the line matters more.
    if (code === VALIDATION_FAILED && lines.retryPlain(reqId)) notices.take(code, text)
    else if (!refusal) notices.take(code, text)
    else if (refusal === 'part') entitlements.partly(line, code, text)
    else {
      // What is not served for now says nothing of what the account is entitled to.
      if (refusal !== 'until-next-link') entitlements.forget(line)
      lines.refused(reqId, code, text, refusal)
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.lines.stop()
  }

  #createLines(): LineRegistry {
    const { assembler, recorder, events, delays } = this.#options
    const { entitlements } = this
    return new LineRegistry({
      onRequested: (reqId, line) => {
        entitlements.asked(line)
        assembler.openLine(reqId, line.instrument)
      },
      onWatched: (reqId) => assembler.watchLine(reqId),
      onReleased: (reqId) => assembler.closeLine(reqId),
      onOpened: (line) => {
        entitlements.served(line)
        recorder.lineOpened(line.instrument, line.feed)
      },
      onClosed: ({ instrument, feed }, cause, untilUs) => recorder.lineClosed(instrument, cause, untilUs, feed),
      onMissing: ({ instrument, feed, wantedUs, wasServed }, cause) => {
        // Tick-by-tick lines are an addition where there is room for them; a refused one leaves the sampled data.
        if (!feed || wasServed) recorder.lineMissing(instrument, cause, wantedUs, feed)
      },
      onRefused: (line, error, isRepeated) => this.#refused(line, error, isRepeated),
      onWanted: ({ instrument, feed, wantedUs, isSampled }) => {
        if (!feed && !isSampled) recorder.lineMissing(instrument, 'not-open-yet', wantedUs)
      },
      onUnwanted: (line) => {
        entitlements.forget(line)
        recorder.lineUnwanted(line.instrument, line.feed)
      },
      onPutOff: (line) => entitlements.forget(line),
      onLimit: (lines, waiting) => events.lineLimit({ lines, waiting }),
      onPaused: (code, text) => events.linesPaused({ code, text }),
      onResumed: () => {
        events.linesResumed()
        this.#options.onResumed?.()
      },
      onSettled: () => this.#settled(),
      nowUs: () => recorder.nowUs,
      onImpossible: (error) => events.impossibleTransition({ error }),
      delays,
    })
  }

  /** A line is not served until the next link. Without an error it was cancelled by us, because its data is delayed. */
  #refused(line: WantedLine, error: { code: number; text: string } | undefined, isRepeated: boolean): void {
    const { events } = this.#options
    const { entitlements } = this
    if (!error) return entitlements.refusedDelayed(line)
    entitlements.refused(line, error.code, error.text)
    if (isRepeated) return
    const what = { contract: line.contract, ...error }
    if (!line.feed) return events.lineRefused(what)
    // An underlying has two such lines.
    if (!this.#fellBack.has(line.contract)) events.tickByTickRefused(what)
    this.#fellBack.add(line.contract)
  }

  #detach(cause: string, sinceUs: number): void {
    clearTimeout(this.#timer)
    this.lines.linkDown(cause, sinceUs)
  }

  /** Every line that is to be held is wanted now. */
  #settleSoon(): void {
    if (this.lines.waiting === 0) this.#settled()
    else this.#settleLater()
  }

  #openerOn(link: Link): LineOpener {
    return {
      newReqId: () => link.newReqId(),
      open: (reqId, { contract, feed }, plain) => {
        if (feed) return link.openTickByTick(reqId, toIbContract(contract), feed === 'tick-by-tick-trades' ? 'trades' : 'quotes')
        return link.openLine(reqId, toIbContract(contract), plain ? '' : this.#genericTicks.join(','))
      },
      close: (reqId: number, { feed }: WantedLine) => (feed ? link.closeTickByTick(reqId) : link.closeLine(reqId)),
    }
  }

  #settleLater(): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      if (this.lines.marketData.queued > 0 || !this.#universeIsKnown) this.#settleLater()
      else this.#settled()
    }, ANSWER_WAIT_MS)
  }

  #reportEntitlements(): void {
    const { rows } = this.entitlements
    const troubles = rows.flatMap(({ symbol, kind, reasons }) => reasons.map(({ code, text }) => `${symbol} ${kind} ${code} ${text}`))
    if (!this.#reported || troubles.some((trouble) => !this.#reported?.has(trouble))) this.#options.events.entitlementsKnown({ rows })
    this.#reported = new Set([...(this.#reported ?? []), ...troubles])
  }
}
