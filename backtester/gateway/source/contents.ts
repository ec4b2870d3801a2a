/** What is in a source of records and when, found in a first pass, so that contracts can be listed before the first tick is played. */

import { type Contract, contractKey } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import type { RecordSource } from '../../../market/record-source.ts'
import { type ContractRecord, isTick, type TapeRecord, type Tick, type TradeSource } from '../../../market/tick.ts'
import { isDate } from '../../../market/time.ts'
import { mergedHours } from '../contracts/contract-hours.ts'

/** 2100: what is later was never recorded, and far enough no clock can show it. */
const LAST_US = Date.UTC(2100, 0) * 1000
/** Far longer than the name of anything traded. */
const MAX_NAME = 100

export interface SourceContents {
  /** By the source's own numbers. */
  contracts: Map<number, Contract>
  /** When each instrument appears first, as a contract or with a tick; 0 where the source does not say. */
  sinceUs: Map<number, number>
  /** Where it has each instrument's trades from; nothing for an instrument without trades. */
  tradeSources: Map<number, Set<TradeSource>>
  /** Instruments with sampled quotes and with tick-by-tick ones. */
  doublyQuoted: Set<number>
  /** Instruments whose first tick is delayed data. */
  delayed: Set<number>
  ticks: number
  /** Times of the first and the last tick. */
  startUs: number
  endUs: number
}

/**
 * Reads the whole source once.
 *
 * @throws FeedError when it cannot be read, has no ticks, or names a tick's contract not at all or twice differently.
 */
export async function scanContents(source: RecordSource): Promise<SourceContents> {
  const scan = new Scan()
  for await (const { records } of source.records()) for (const record of records) scanRecord(scan, record, source.name)
  const { contents, quoted } = scan
  if (contents.ticks === 0)
    throw new FeedError(`${source.name} holds no ticks, so there is nothing to serve. Give another tape or session.`, {
      code: 'tape-empty',
    })
  const doublyQuoted = new Set([...quoted.sampled].filter((instrument) => quoted.tickByTick.has(instrument)))
  return { ...contents, doublyQuoted }
}

function scanRecord(scan: Scan, record: TapeRecord, name: string): void {
  try {
    scan.take(record)
  } catch (cause) {
    if (!(cause instanceof FeedError)) throw cause
    throw new FeedError(`${name}, record ${record.seq}: ${cause.message}`, { code: cause.code, cause })
  }
}

class Scan {
  readonly contents: SourceContents = {
    contracts: new Map(),
    sinceUs: new Map(),
    tradeSources: new Map(),
    doublyQuoted: new Set(),
    delayed: new Set(),
    ticks: 0,
    startUs: Number.POSITIVE_INFINITY,
    endUs: Number.NEGATIVE_INFINITY,
  }
  readonly quoted = { sampled: new Set<number>(), tickByTick: new Set<number>() }
  readonly #seen = new Set<number>()

  /** @throws FeedError for what cannot be served. */
  take(record: TapeRecord): void {
    if (isTick(record)) this.#takeTick(record)
    else if (record.kind === 'contract') this.#addContract(record)
  }

  #takeTick(tick: Tick): void {
    const { contents } = this
    const { tsUs, instrument } = tick
    if (!isTime(tsUs)) throw damaged(`a tick with the time ${tsUs}`)
    if (!contents.contracts.has(instrument)) throw damaged(`a tick of instrument ${instrument} before its contract`)
    if (tick.kind === 'trade') this.#addSource(instrument, tick.source)
    else if (tick.kind === 'quote') (tick.source === undefined ? this.quoted.sampled : this.quoted.tickByTick).add(instrument)
    if (!this.#seen.has(instrument)) {
      this.#seen.add(instrument)
      contents.sinceUs.set(instrument, Math.min(tsUs, contents.sinceUs.get(instrument) ?? tsUs))
      if (tick.delayed) contents.delayed.add(instrument)
    }
    contents.ticks++
    contents.startUs = Math.min(contents.startUs, tsUs)
    contents.endUs = Math.max(contents.endUs, tsUs)
  }

  #addSource(instrument: number, source: TradeSource): void {
    const { tradeSources } = this.contents
    const sources = tradeSources.get(instrument)
    if (sources) sources.add(source)
    else tradeSources.set(instrument, new Set([source]))
  }

  #addContract({ instrument, contract, tsUs }: ContractRecord): void {
    const { contracts, sinceUs } = this.contents
    const wrong = wrongField(contract)
    if (wrong) throw damaged(`instrument ${instrument} with a contract whose ${wrong}`)
    const known = contracts.get(instrument)
    if (known && contractKey(known) !== contractKey(contract))
      throw damaged(`instrument ${instrument} as ${contractKey(known)} and as ${contractKey(contract)}`)
    if (!known) sinceUs.set(instrument, isTime(tsUs) ? tsUs : 0)
    // A contract is read anew every day, with the hours of some days.
    const hours = mergedHours(known?.hours, contract.hours)
    contracts.set(instrument, hours ? { ...contract, hours } : contract)
  }
}

function isTime(tsUs: number): boolean {
  return Number.isSafeInteger(tsUs) && tsUs >= 0 && tsUs <= LAST_US
}

/** The field of a contract that cannot be sent to clients, and what is wrong with it. Its texts are texts; numbers may be anything. */
function wrongField(contract: Contract): string | undefined {
  const { symbol, currency, venue = '', tradingClass = '' }: Partial<Record<string, unknown>> = { ...contract }
  if ([symbol, currency, venue, tradingClass].some((name) => String(name).length > MAX_NAME))
    return `names are longer than ${MAX_NAME} characters`
  if (symbol === '') return 'symbol is empty'
  if (contract.hours !== undefined && !isHours(contract.hours)) return 'hours are no texts'
  if (contract.kind !== 'option' && contract.kind !== 'future') return undefined
  if (!isDate(contract.expiry)) return `expiry ${contract.expiry.slice(0, MAX_NAME)} is no date`
  if (!Number.isFinite(contract.multiplier)) return `multiplier ${String(contract.multiplier).slice(0, MAX_NAME)} is no number`
  return contract.kind === 'option' && !Number.isFinite(contract.strike)
    ? `strike ${String(contract.strike).slice(0, MAX_NAME)} is no number`
    : undefined
}

function isHours(hours: unknown): boolean {
  const { readOn, timeZone, trading, liquid } = Object(hours) as Partial<Record<string, unknown>>
  return [readOn, timeZone, trading, liquid].every((text) => typeof text === 'string')
}

function damaged(found: string): FeedError {
  return new FeedError(`it holds ${found}. The file is damaged or not from this program.`, { code: 'tape-corrupt' })
}
