/**
 * The connection over which history is asked for: with a client id of its own, so that a collector is not disturbed, and renewed when it is
 * lost. What was asked for over a lost link has to be asked for again.
 *
 * States: connecting -> up (requests go out) -> connecting (the link was lost; requests wait) -> closed. The first attempt decides whether
 * there is a gateway at all.
 */

import { randomInt } from 'node:crypto'

import { nyse } from '../../../market/calendar/calendar.ts'
import { type HistoryBar, SECONDS_PER_DAY } from '../../../market/bar.ts'
import type { Contract } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import type { HistoryTick } from '../../../market/tick.ts'
import { Feed, type FeedSettings } from '../link/feed.ts'
import type { Link } from '../link/link.ts'
import { type IbBar, LOST } from '../link/requests.ts'
import { orNone, underlyingDetails, underlyingFrom, type UnderlyingQuery } from '../lookup/find-contracts.ts'
import { isoDate, optionFromDetails, toIbContract } from '../lookup/map-contract.ts'
import { historyQuote, historyTrade, type TicksOf } from './ticks.ts'
import { barsQuery, type BarsWanted, utcTime } from './words.ts'

export type HistorySettings = Omit<FeedSettings, 'clientId'>

export interface HistoryConnectionOptions {
  /** The link was lost, or cannot be renewed; the next attempt follows in `retryMs`. */
  onDown?: (reason: string, retryMs: number) => void
}

/** Ids that people and their programs are unlikely to use; those of the doctor begin at 900,000. */
const [FIRST_ID, LAST_ID] = [800_000, 899_999]
/** A gateway that is away for longer is not waited for: the same command goes on from there. */
const GIVE_UP_MS = 900_000
const US_PER_SECOND = 1_000_000

export class HistoryConnection {
  readonly #feed: Feed
  #link: Link | undefined
  #isClosed = false
  #waiting: { resolve: (link: Link) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }[] = []

  private constructor(settings: HistorySettings, onUp: () => void, onDown: (reason: string, retryMs: number) => void) {
    this.#feed = new Feed({
      ...settings,
      clientId: randomInt(FIRST_ID, LAST_ID),
      onUp: (link) => {
        this.#link = link
        const waiting = this.#waiting
        this.#waiting = []
        for (const { resolve, timer } of waiting) {
          clearTimeout(timer)
          resolve(link)
        }
        onUp()
      },
      onDown: (reason, retryMs) => {
        this.#link = undefined
        onDown(reason, retryMs)
      },
      onMessages: () => undefined,
      onUnreadable: () => undefined,
      onListenerError: () => undefined,
    })
  }

  /** @throws FeedError when the first attempt fails, with the step that failed. */
  static async begin(settings: HistorySettings, { onDown }: HistoryConnectionOptions = {}): Promise<HistoryConnection> {
    let connection: HistoryConnection | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        connection = new HistoryConnection(settings, resolve, (reason, retryMs) => {
          reject(new FeedError(reason, { code: 'gateway-unreachable', retryable: true }))
          onDown?.(reason, retryMs)
        })
        connection.#feed.start()
      })
    } catch (error) {
      await connection?.close()
      throw error
    }
    if (!connection) throw new Error('no connection was begun')
    return connection
  }

  /** Ends the connection; what is open fails with `gateway-lost`. */
  async close(): Promise<void> {
    this.#isClosed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject, timer } of waiting) {
      clearTimeout(timer)
      reject(closed())
    }
    await this.#feed.stop()
  }

  /** The contract as the gateway knows it. Undefined when it says that it knows none. */
  async find(wanted: UnderlyingQuery | Extract<Contract, { kind: 'option' }>): Promise<Contract | undefined> {
    const link = await this.#up()
    if ('strike' in wanted) {
      const details = await orNone(link.contractDetails(toIbContract(wanted)))
      return details?.map((one) => optionFromDetails(one)).find((found) => found !== undefined)
    }
    const details = await underlyingDetails(link, wanted)
    return details?.map((one) => underlyingFrom(one, wanted)).find((found) => found !== undefined)
  }

  /** Bars of regular trading hours that begin within the time wanted, oldest first. Rejects as `Link.bars` does. */
  async bars(contract: Contract, wanted: BarsWanted): Promise<HistoryBar[]> {
    const link = await this.#up()
    const bars = await link.bars(toIbContract(contract), barsQuery(wanted))
    return bars
      .flatMap((bar) => barFrom(bar, wanted.seconds) ?? [])
      .filter(({ startUs }) => startUs >= wanted.fromUs && startUs < wanted.toUs)
  }

  /**
   * Ticks that begin with `fromUs`, a whole second, oldest first: `count` of them, at most 1000, and the rest of the second in which those end.
   * IB gives no more than one session of the market. Rejects as `Link.historyTicks` does.
   */
  async ticks(contract: Contract, what: TicksOf, fromUs: number, count: number): Promise<HistoryTick[]> {
    const link = await this.#up()
    const ticks = await link.historyTicks(toIbContract(contract), what, utcTime(fromUs), count)
    return ticks.flatMap((tick) => (what === 'trades' ? historyTrade(tick) : historyQuote(tick)) ?? [])
  }

  #up(): Promise<Link> {
    if (this.#isClosed) return Promise.reject(closed())
    if (this.#link && !this.#link.lost) return Promise.resolve(this.#link)
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new FeedError(GAVE_UP, { code: 'gateway-unreachable', retryable: true }))
      this.#waiting.push({ resolve, reject, timer: setTimeout(giveUp, GIVE_UP_MS) })
    })
  }
}

const GAVE_UP = `The gateway could not be reached for ${GIVE_UP_MS / 60_000} minutes. Run the same command again when it is back: it goes on from there.`

function closed(): FeedError {
  return new FeedError('The connection for history was closed.', { code: LOST, retryable: true })
}

/** Undefined for a bar without a time. */
function barFrom({ date, open, high, low, close, volume, wap, count }: IbBar, seconds: number): HistoryBar | undefined {
  const day = isoDate(date)
  const startUs = seconds === SECONDS_PER_DAY ? day && nyse.zone.toUs(day, 0) : Number(date) * US_PER_SECOND
  if (startUs === undefined || startUs === '' || !Number.isFinite(startUs)) return undefined
  return {
    startUs,
    open: known(open),
    high: known(high),
    low: known(low),
    close: known(close),
    volume: known(volume),
    vwap: known(wap),
    trades: known(count),
  }
}

/** IB writes -1 for what it has not, and the greatest number for what is unset. */
function known(figure: number | undefined): number | undefined {
  return figure === undefined || figure === -1 || !Number.isFinite(figure) || figure > 1e300 ? undefined : figure
}
