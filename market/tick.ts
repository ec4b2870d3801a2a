/**
 * The records a tape is made of. A tick is one row of market data and is counted; everything else on the tape
 * (contracts, line events, gaps, configuration, session marks) says what the ticks mean and where they are missing.
 *
 * Every record carries `seq`, given on arrival and rising within a session, and `tsUs`, microseconds since 1970 UTC.
 * An absent field is `undefined`: the source said nothing, or said that there is none.
 */

import type { Contract } from './contract.ts'

interface RecordBase {
  seq: number
  /** Orders the tape. Strictly increasing within a recorded session. */
  tsUs: number
}

/** How bad a finding is. */
export type Severity = 'info' | 'warning' | 'error'

/** What becomes of the tick: `quarantine` keeps it out of the tick tables (rejected_ticks holds it whole), `flag` only marks it. */
export type Disposition = 'flag' | 'quarantine'

/** What one rule found wrong with a tick. */
export interface Finding {
  /** Name of the rule. */
  rule: string
  severity: Severity
  disposition: Disposition
  /** With the figures. */
  reason: string
  /** Other instruments it rests on, by their numbers on the tape: the other legs. Absent: none. */
  evidence?: readonly number[] | undefined
}

/** What validation found on a tick. The tick itself is never altered. */
export interface Verdict {
  /** `quarantine` when one finding asks for it. */
  disposition: Disposition
  /** One for each rule that spoke, in the order of the rules. Never empty. */
  findings: readonly Finding[]
}

interface TickBase extends RecordBase {
  /** The tape's own number of the contract; a `ContractRecord` before it says which. */
  instrument: number
  /** The venue's time, when it gave one; never invented. */
  eventTsUs?: number | undefined
  /** The source had it some 15 minutes late, as brokers give data without a subscription. Absent: in real time. */
  delayed?: true | undefined
  /** What is special about it, as bits of `Mark` (marks.ts). Absent: nothing. */
  marks?: number | undefined
  /** Absent when every rule passed. */
  verdict?: Verdict | undefined
}

/** Where a quote was learned from, when it is not the broker's sampled market data. */
export type QuoteSource = 'tick-by-tick'

/** Best bid and ask of one instrument, whole: a side that is `undefined` is empty. Prices per unit, sizes in units traded. */
export interface Quote extends TickBase {
  kind: 'quote'
  bidPrice?: number | undefined
  askPrice?: number | undefined
  bidSize?: number | undefined
  askSize?: number | undefined
  /** Absent: sampled or imported. One instrument may have quotes of two sources at once, each complete by itself. */
  source?: QuoteSource | undefined
}

/** Where a trade was learned from. Several sources can report one trade; sum volume over one of them only. */
export type TradeSource = 'last' | 'rt-volume' | 'tick-by-tick' | 'import'

export interface Trade extends TickBase {
  kind: 'trade'
  price: number
  size?: number | undefined
  source: TradeSource
  venue?: string | undefined
  /** Sale conditions as the source spells them. */
  conditions?: string | undefined
}

/** Option model values as the broker computes them. */
export interface Greeks extends TickBase {
  kind: 'greeks'
  /** The price they were computed from. */
  basis: 'bid' | 'ask' | 'last' | 'model'
  /** Annual fraction: 0.25 is 25 %. */
  impliedVolatility?: number | undefined
  delta?: number | undefined
  gamma?: number | undefined
  /** As the broker gives it; IB: per percentage point of volatility. */
  vega?: number | undefined
  /** As the broker gives it; IB: per day. */
  theta?: number | undefined
  optionPrice?: number | undefined
  pvDividend?: number | undefined
  underlyingPrice?: number | undefined
}

/** A figure of the day or state of a line that is no quote and no trade: volume, close, open interest, halted. */
export interface Statistic extends TickBase {
  kind: 'statistic'
  /** kebab-case name, e.g. `day-volume`, `previous-close`, `call-open-interest`, `halted`. */
  name: string
  value?: number | undefined
  /** Present for figures that come as text, e.g. `dividends`. */
  text?: string | undefined
}

type Unplaced<T extends Quote | Trade> = Omit<T, 'seq' | 'tsUs' | 'instrument' | 'verdict' | 'eventTsUs'> & { eventTsUs: number }

/** A quote or trade of a broker's history, which knows whole seconds: `eventTsUs` is one. Its place among those of its second is the broker's. */
export type HistoryTick = Unplaced<Quote> | Unplaced<Trade>

/** What is counted, validated and written as a row. */
export type Tick = Quote | Trade | Greeks | Statistic

/** Time without data that should have had some. `tsUs` is when it was noted. */
export interface FeedGap extends RecordBase {
  kind: 'gap'
  /** The last proof of life before the gap. */
  fromTsUs: number
  toTsUs: number
  cause: string
  /** Absent: every line of the session. */
  instrument?: number | undefined
  droppedTicks?: number | undefined
}

/** What a line carries when it is not the broker's market data. */
export type LineFeed = 'tick-by-tick-trades' | 'tick-by-tick-quotes'

/** What can be missing of an instrument beside its market data: a feed, or, of an underlying, the options of it that are not known. */
export type MissingFeed = LineFeed | 'option-chain'

/**
 * A line of data was opened or closed, or is missing: wanted, and not served from `untilTsUs` on for another reason than before, or for
 * the first time. With the cause `config` nothing is missing any more. `openedSeq` and `openedTsUs` name the opening; a missing line has
 * none, and they are the record's own number and `untilTsUs`.
 */
export interface LineEvent extends RecordBase {
  kind: 'line'
  instrument: number
  event: 'opened' | 'closed' | 'missing'
  /** Absent: market data. The same on both. `option-chain` only on `missing`. */
  feed?: MissingFeed | undefined
  openedSeq: number
  openedTsUs: number
  /** On `closed`: the last moment at which the line was known to be alive. On `missing`: since when it is. */
  untilTsUs?: number | undefined
  /** On `closed` and `missing`: why. */
  cause?: string | undefined
}

/** Says what `instrument` stands for on this tape. Comes before the instrument's first other record. */
export interface ContractRecord extends RecordBase {
  kind: 'contract'
  instrument: number
  contract: Contract
}

/** The settings in force from here on that verdicts depend on. */
export interface ConfigRecord extends RecordBase {
  kind: 'config'
  config: Record<string, unknown>
}

/**
 * Sizes of US stocks that a source may count in shares or in round lots, each for itself: IB has a setting for bid, ask and last sizes and
 * another one for volumes, and does not say which of them RTVolume and tick-by-tick data follow. `quotes`: of sampled market data, its last
 * trade included.
 */
export type SizeGroup = 'quotes' | 'rt-volume' | 'tick-by-tick' | 'volume'

export interface SizeUnit {
  unit: 'shares' | 'lots'
  /** By the user's setting, or by what was recorded. */
  how: 'stated' | 'inferred'
  /** With the figures: what it was inferred from, or what speaks against the statement. */
  evidence?: string | undefined
  /** The evidence speaks against the statement. */
  doubted?: true | undefined
}

/** What is known of the sizes of US stocks. A group that is absent: nothing. */
export interface StockSizes {
  groups: Readonly<Partial<Record<SizeGroup, SizeUnit>>>
  /** Shares in a lot, by `contractKey`, of the stocks whose lots were measured. */
  lots: Readonly<Record<string, number>>
}

/**
 * A recording session started, was alive, lost its data (a gap record names that time when it is over), learned in which unit the sizes of
 * US stocks come, or ended.
 */
export interface SessionEvent extends RecordBase {
  kind: 'session'
  event: 'started' | 'alive' | 'interrupted' | 'sizes' | 'ended'
  /** Why it ended or was interrupted; absent otherwise. */
  cause?: string | undefined
  /** On `interrupted`: the last proof of life before the gap. */
  fromTsUs?: number | undefined
  /** On `started`: version, host, which clock. */
  detail?: Record<string, unknown> | undefined
  /** On `sizes`: all that is known from here on. */
  sizes?: StockSizes | undefined
}

/** A dated input of option values: what money, holding or borrowing an underlying costs. From the database, the settings or the broker; a replay sees the same. */
interface CarryBase extends RecordBase {
  kind: 'carry'
  /** The day on which it was known, `YYYY-MM-DD`. */
  asOf: string
  /** `settings`, `interest-rates`, `corporate-actions`, `broker`. */
  source: string
}

export interface RatesRecord extends CarryBase {
  input: 'rates'
  currency: string
  /** Continuously compounded annual fractions by days from `asOf`, rising. One point: the same for every term. */
  points: readonly { days: number; rate: number }[]
}

export interface DividendsRecord extends CarryBase {
  input: 'dividends'
  /** The underlying. */
  instrument: number
  /** Announced or expected payments per share by ex-date (`YYYY-MM-DD`), rising. */
  payments: readonly { exDate: string; amount: number }[]
  /** A continuous yield instead, as an annual fraction (indices). */
  yield?: number | undefined
}

export interface BorrowRecord extends CarryBase {
  input: 'borrow'
  instrument: number
  /** Annual fraction, continuously compounded. */
  rate: number
}

export type CarryRecord = RatesRecord | DividendsRecord | BorrowRecord

/** What a carry record is about: one of the same key takes its place. */
export function carryKey(record: CarryRecord): string {
  return `${record.input} ${record.input === 'rates' ? record.currency : record.instrument}`
}

/** Says what the ticks mean and where they are missing. */
export type ControlRecord = FeedGap | LineEvent | ContractRecord | ConfigRecord | SessionEvent | CarryRecord

export type TapeRecord = Tick | ControlRecord

/** True for the records that are counted, validated and written as rows. */
export function isTick(record: TapeRecord): record is Tick {
  return record.kind === 'quote' || record.kind === 'trade' || record.kind === 'greeks' || record.kind === 'statistic'
}
