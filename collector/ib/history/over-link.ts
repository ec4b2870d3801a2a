/** History over one link: contracts, bars and ticks as ours. Each rejects as the requests of the link do. */

import { nyse } from '../../../market/calendar/calendar.ts'
import { type HistoryBar, SECONDS_PER_DAY } from '../../../market/bar.ts'
import type { Contract } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import type { HistoryTick } from '../../../market/tick.ts'
import type { Link } from '../link/link.ts'
import { type IbBar, LOST } from '../link/requests.ts'
import { orNone, underlyingDetails, underlyingFrom, type UnderlyingQuery } from '../lookup/find-contracts.ts'
import { isoDate, optionFromDetails, toIbContract } from '../lookup/map-contract.ts'
import { historyQuote, historyTrade, type TicksOf } from './ticks.ts'
import { barsQuery, type BarsWanted, utcTime } from './words.ts'

const US_PER_SECOND = 1_000_000

/** What is asked of IB's history, over whichever connection. */
export interface HistoryRequests {
  /** The contract as the gateway knows it. Undefined when it says that it knows none. */
  find(wanted: ContractQuery): Promise<Contract | undefined>
  /** Bars of regular trading hours that begin within the time wanted, oldest first. */
  bars(contract: Contract, wanted: BarsWanted): Promise<HistoryBar[]>
  /**
   * Ticks that begin with `fromUs`, a whole second, oldest first: `count` of them, at most 1000, and the rest of the second in which those end.
   * IB gives no more than one session of the market.
   */
  ticks(contract: Contract, what: TicksOf, fromUs: number, count: number): Promise<HistoryTick[]>
}

export type ContractQuery = UnderlyingQuery | Extract<Contract, { kind: 'option' }>

/** @param up the link to ask over */
export function historyOver(up: () => Promise<Link>): HistoryRequests {
  return {
    find: async (wanted) => findContract(await up(), wanted),
    bars: async (contract, wanted) => {
      const link = await up()
      const bars = await link.bars(toIbContract(contract), barsQuery(wanted))
      return bars
        .flatMap((bar) => barFrom(bar, wanted.seconds) ?? [])
        .filter(({ startUs }) => startUs >= wanted.fromUs && startUs < wanted.toUs)
    },
    ticks: async (contract, what, fromUs, count) => {
      const link = await up()
      const ticks = await link.historyTicks(toIbContract(contract), what, utcTime(fromUs), count)
      return ticks.flatMap((tick) => (what === 'trades' ? historyTrade(tick) : historyQuote(tick)) ?? [])
    },
  }
}

/** The same over a link that others use too: without one, requests fail with `gateway-lost`. */
export function historyBeside(link: () => Link | undefined): HistoryRequests {
  return historyOver(async () => {
    const up = link()
    if (up && !up.lost) return up
    throw new FeedError('The connection to the gateway is down.', { code: LOST, retryable: true })
  })
}

async function findContract(link: Link, wanted: ContractQuery): Promise<Contract | undefined> {
  if ('strike' in wanted) {
    const details = await orNone(link.contractDetails(toIbContract(wanted)))
    return details?.map((one) => optionFromDetails(one)).find((found) => found !== undefined)
  }
  const details = await underlyingDetails(link, wanted)
  return details?.map((one) => underlyingFrom(one, wanted)).find((found) => found !== undefined)
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
