/** A sampler whose ticks are kept as text, and records to play to it. */

import { ContractBook, type ListedContract } from '../../../../../backtester/gateway/contracts/contracts.ts'
import type { Line, LineOptions } from '../../../../../backtester/gateway/book/market-data-line.ts'
import type { Outlet } from '../../../../../backtester/gateway/book/outlet.ts'
import { REAL_TIME_BAR_SECONDS, RealTimeBarLine } from '../../../../../backtester/gateway/book/real-time-bars.ts'
import { Sampler } from '../../../../../backtester/gateway/book/sampler.ts'
import type { TickLine } from '../../../../../backtester/gateway/book/tick-by-tick-line.ts'
import { barSeries } from '../../../../../backtester/gateway/history/bar-series.ts'
import type { TickKind } from '../../../../../backtester/gateway/protocol/tick-types.ts'
import { FrameWriter } from '../../../../../backtester/gateway/protocol/wire.ts'
import { type Greeks, isTick, type Statistic, type TapeRecord, type Trade, type TradeSource } from '../../../../../market/tick.ts'
import { CONTRACTS, MS_US, OPEN_US } from '../../../../support/gateway/gateway-tape.ts'

/** Keeps what is sent: `@` and the milliseconds behind the opening, then the messages of that time. */
class Recorder implements Outlet {
  readonly writer = new FrameWriter()
  readonly sent: string[] = []

  atTapeTime(tsUs: number): void {
    this.sent.push(`@${(tsUs - OPEN_US) / MS_US}`)
  }

  spill(): void {
    const bytes = this.writer.take()
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readUInt32BE(at)
      this.sent.push(bytes.toString('latin1', at + 4, end - 1).replaceAll('\0', '|'))
      at = end
    }
  }
}

/** A sampler over the stock and three options, driven as the player drives it. */
export class Rig {
  readonly book = new ContractBook(CONTRACTS)
  readonly sampler: Sampler
  readonly recorder = new Recorder()
  nowUs = OPEN_US

  constructor(sampling: boolean, tradeSources?: Set<TradeSource>) {
    this.sampler = new Sampler(
      CONTRACTS.map((contract, i) => [i, { listed: this.book.listed(contract), ...(tradeSources && { tradeSources }) }]),
      sampling,
    )
  }

  open(instrument: number, reqId: number, options?: LineOptions): Line {
    return this.sampler.open(this.#listed(instrument), reqId, this.recorder, this.nowUs, options)
  }

  openTicks(instrument: number, reqId: number, kind: TickKind, ignoreSize = false): TickLine {
    return this.sampler.openTicks(this.#listed(instrument), reqId, this.recorder, this.nowUs, { kind, ignoreSize })
  }

  /** Bars of 5 seconds. */
  openRealTimeBars(instrument: number, reqId: number, whatToShow: string): RealTimeBarLine {
    const listed = this.#listed(instrument)
    const dated = { untilUs: Number.POSITIVE_INFINITY, dateOf: (startUs: number) => String(startUs / 1_000_000) }
    const series = barSeries({ whatToShow, seconds: REAL_TIME_BAR_SECONDS, useRth: false, hours: listed.hours, ...dated })
    if (!series) throw new Error(`no bars of ${whatToShow}`)
    const line = new RealTimeBarLine(reqId, listed, series, this.sampler.realTimeSteps, this.recorder)
    this.sampler.openBars(line)
    return line
  }

  play(...records: TapeRecord[]): void {
    for (const record of records) {
      this.goTo(record.tsUs)
      if (isTick(record)) this.sampler.play(record, record.tsUs)
      else this.sampler.note(record)
    }
  }

  /** Flushes the steps before `tsUs`. */
  goTo(tsUs: number): void {
    for (let step = this.sampler.dueUs; step < tsUs; step = this.sampler.dueUs) this.sampler.flush(step)
    this.nowUs = Math.max(this.nowUs, Math.min(tsUs, Number.MAX_SAFE_INTEGER))
  }

  #listed(instrument: number): ListedContract {
    const contract = CONTRACTS[instrument]
    if (!contract) throw new Error(`no instrument ${instrument}`)
    return this.book.listed(contract)
  }

  finish(): string[] {
    this.goTo(Number.POSITIVE_INFINITY)
    return this.recorder.sent
  }
}

export function tradeAt(afterMs: number, instrument: number, price: number, size: number, source: TradeSource = 'import'): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterMs * MS_US, instrument, price, size, source, venue: 'NYSE', conditions: '   I' }
}

export function figureAt(afterMs: number, instrument: number, name: string, value?: number, text?: string): Statistic {
  return { kind: 'statistic', seq: 0, tsUs: OPEN_US + afterMs * MS_US, instrument, name, value, text }
}

export function greeksAt(afterMs: number, instrument: number, basis: Greeks['basis'], impliedVolatility: number): Greeks {
  return { kind: 'greeks', seq: 0, tsUs: OPEN_US + afterMs * MS_US, instrument, basis, impliedVolatility, delta: 0.5 }
}
