/**
 * The detectors over the records of one session. They are given all of them from its start on, as live, and what opened in the part that
 * was asked for is kept; behind that part they go on until all of it is over.
 */

import { Arbitrage, type ArbitrageOptions } from '../../market/arbitrage/arbitrage.ts'
import type { Detector } from '../../market/arbitrage/detector.ts'
import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import { Funnel, REFUSALS } from '../../market/arbitrage/funnel.ts'
import type { ParitySample } from '../../market/arbitrage/parity.ts'
import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import { isTick, type TapeRecord, type Tick } from '../../market/tick.ts'

/** When an opportunity opened, and on what. Absent: at any time, on anything. */
export interface ScanPart {
  fromUs?: number | undefined
  toUs?: number | undefined
  symbols?: readonly string[] | undefined
}

export interface SourceScanOptions {
  part: ScanPart
  settings: ArbitrageSettings
  /** Absent: all there are. */
  detectors?: readonly Detector[] | undefined
  /** Whether samples of parity are kept: of each chain there is one a minute. */
  keepsParity: boolean
  onDetectorError: ArbitrageOptions['onDetectorError']
}

export class SourceScan {
  readonly #part: ScanPart
  readonly #arbitrage: Arbitrage
  readonly #found: Episode[] = []
  readonly #open = new Map<string, Episode>()
  /** Of the numbers on the tape, those whose ticks count. */
  readonly #isWanted = new Map<number, boolean>()
  #funnelBefore: Funnel | undefined
  #funnelWithin: Funnel | undefined
  /** Of the part, when it is kept. */
  readonly parity: ParitySample[] = []
  /** Ticks of the part. */
  ticks = 0
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  /** Of any record. */
  lastRecordUs: number | undefined

  constructor({ part, settings, detectors = DETECTORS, keepsParity, onDetectorError }: SourceScanOptions) {
    this.#part = part
    const onEpisode: ArbitrageOptions['onEpisode'] = (event, episode) => {
      if (!this.#isWithin(episode.openedUs)) return
      if (event !== 'closed') this.#open.set(episode.id, episode)
      else {
        this.#open.delete(episode.id)
        this.#found.push(episode)
      }
    }
    const onParity = (sample: ParitySample) => void (this.#isWithin(sample.tsUs) && this.parity.push(sample))
    const listeners = { onEpisode, onParity: keepsParity ? onParity : undefined, onDetectorError }
    this.#arbitrage = new Arbitrage({ detectors, settings, symbols: part.symbols, ...listeners })
  }

  /** Returns false when the part is over and everything that opened in it: nothing more is to come. */
  take(record: TapeRecord, sessionId: number): boolean {
    const { fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY } = this.#part
    if (record.kind === 'contract') this.#isWanted.set(record.instrument, this.#part.symbols?.includes(record.contract.symbol) ?? true)
    if (record.tsUs >= toUs) {
      this.#funnelWithin ??= this.funnel
      if (this.#open.size === 0) return false
    } else if (record.tsUs >= fromUs) {
      this.#funnelBefore ??= sumOf([this.#arbitrage.funnel])
      if (isTick(record) && this.#concerns(record)) this.#count(record.tsUs)
    }
    this.lastRecordUs = record.tsUs
    // Of the other symbols too: their records tell the time, by which episodes end.
    this.#arbitrage.take(record, sessionId)
    return true
  }

  /** The tape is over: what is open ends. */
  end(): void {
    this.#arbitrage.finish()
  }

  /** Over, in the order in which they opened. */
  get found(): Episode[] {
    return this.#found.sort(inOrder)
  }

  /** Not over yet. */
  get open(): Episode[] {
    return [...this.#open.values()].sort(inOrder)
  }

  /** Of the part. */
  get funnel(): Funnel {
    return this.#funnelWithin ?? sumOf([this.#arbitrage.funnel], this.#funnelBefore)
  }

  #count(tsUs: number): void {
    this.ticks++
    this.firstTsUs ??= tsUs
    this.lastTsUs = tsUs
  }

  #isWithin(tsUs: number): boolean {
    const { fromUs, toUs } = this.#part
    return (fromUs === undefined || tsUs >= fromUs) && (toUs === undefined || tsUs < toUs)
  }

  #concerns({ instrument }: Tick): boolean {
    return this.#part.symbols === undefined || this.#isWanted.get(instrument) === true
  }
}

/** The counts of several, less those of one. */
export function sumOf(funnels: readonly Funnel[], less?: Funnel): Funnel {
  const sum = new Funnel()
  const add = (funnel: Funnel, times: 1 | -1) => {
    sum.quotes += times * funnel.quotes
    sum.candidates += times * funnel.candidates
    sum.opened += times * funnel.opened
    for (const detector of funnel.detectors)
      for (const reason of REFUSALS) sum.refuse(detector, reason, times * funnel.refused(reason, detector))
  }
  for (const funnel of funnels) add(funnel, 1)
  if (less) add(less, -1)
  return sum
}

function inOrder(a: Episode, b: Episode): number {
  return a.openedUs - b.openedUs || a.sessionId - b.sessionId || a.openedSeq - b.openedSeq || numberOf(a) - numberOf(b)
}

/** Among those that one record opened. */
const numberOf = ({ id }: Episode) => Number(id.slice(id.lastIndexOf('-') + 1))
