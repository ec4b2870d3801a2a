/**
 * From the configured underlyings to market-data lines: finds each stock and its chain, centres the strikes, and shares the lines,
 * nearest the money first. Runs once; an interrupted run starts again with the next link. It runs again when the settings were
 * changed: an underlying whose own settings are the same keeps its chain and its centre, so that its lines stay as they are.
 */

import type { Observable } from 'rxjs'
import { filter } from 'rxjs'

import { nyse } from '../../market/calendar/calendar.ts'
import type { Contract, OptionContract, StockContract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { Tick } from '../../market/tick.ts'
import { addDays } from '../../market/time.ts'
import { findChain, findStock, type UnderlyingQuery } from '../ib/lookup/find-contracts.ts'
import type { Link } from '../ib/link/link.ts'
import { PriceGrids } from '../ib/lookup/price-grids.ts'
import type { Events } from '../telemetry/events/index.ts'
import { referencePrice } from './reference-price.ts'
import { type StrikeRange, selectOptions, shareLines } from './select.ts'
import type { WantedLine } from '../lines/line.ts'
import type { LineRegistry } from '../lines/registry.ts'

export interface UnderlyingSettings extends UnderlyingQuery {
  strikes: StrikeRange
  /** Options expiring up to this many days from today are recorded. */
  expiryDays: number
  tradingClasses?: readonly string[] | undefined
  /** Record the underlying tick by tick too, when IB has room for it. */
  tickByTick?: boolean | undefined
}

export interface UniverseOptions {
  underlyings: readonly UnderlyingSettings[]
  /** Market-data lines that may be used. */
  lines: number
  events: Events
  nowUs: () => number
  instrumentOf: (contract: Contract) => number
  registry: LineRegistry
  ticks: Observable<Tick>
  /** What earlier runs have found, by the settings of the underlying. */
  discovered: Map<string, Discovered>
}

/** What was found of an underlying. */
export interface Discovered {
  stock: StockContract
  chain: OptionContract[]
  /** The price around which its strikes were chosen; undefined when none was needed, or there was none. */
  center: number | undefined
}

/** Recorded as the reason of a line that a change of the settings has closed. */
const CONFIG_CAUSE = 'config'

/** Waits so long for a last trade before a close or a tight quote will do. */
const REFERENCE_WAIT_MS = 5000

/** Throws a FeedError when the gateway knows none of the underlyings, or when the link is lost on the way. */
export async function openUniverse(link: Link, options: UniverseOptions): Promise<void> {
  const { underlyings, lines, events, instrumentOf, registry, discovered } = options
  const grids = new PriceGrids({ link, onMissing: (rule, error) => events.noMarketRule({ rule, error }) })
  const found = await Promise.all(
    underlyings.map(async (settings) => {
      const before = discovered.get(JSON.stringify(settings))
      return { settings, before, stock: before?.stock ?? (await findStock(link, grids, settings)) }
    }),
  )
  const known: { settings: UnderlyingSettings; stock: StockContract; before: Discovered | undefined }[] = []
  for (const { settings, stock, before } of found) {
    if (stock) known.push({ settings, stock, before })
    else events.unknownUnderlying({ symbol: settings.symbol })
  }
  if (known.length === 0)
    throw new FeedError(
      `The gateway knows none of the configured underlyings (${underlyings.map(({ symbol }) => symbol).join(', ')}). Check universe.underlyings.`,
      { code: 'no-underlyings' },
    )
  const stocks = known.slice(0, lines)
  const lineOf = (contract: Contract): WantedLine => ({ instrument: instrumentOf(contract), contract })
  const stockLines = stocks.map(({ stock }) => lineOf(stock))
  // A new stock's price is needed before its options are chosen.
  registry.makeRoomFor(stockLines, lines, CONFIG_CAUSE)
  registry.want(stockLines)
  // IB has few such lines: those who come first get the trades and the quotes both.
  const tickByTick = stocks
    .filter(({ settings }) => settings.tickByTick)
    .flatMap(({ stock }): WantedLine[] => [
      { ...lineOf(stock), feed: 'tick-by-tick-trades' },
      { ...lineOf(stock), feed: 'tick-by-tick-quotes' },
    ])
  registry.want(tickByTick)
  const chains = await Promise.all(known.map((underlying) => listChain(link, grids, underlying, options)))
  // When every strike is wanted and all fit, no price is needed, and none is waited for.
  const fits = known.length + chains.reduce((sum, { chain }) => sum + chain.length, 0) <= lines
  const choices = await Promise.all(chains.map((listed) => choose(listed, fits, options)))
  const wanted = choices.reduce((sum, choice) => sum + choice.length, known.length)
  if (wanted > lines) events.overBudget({ wanted, lines })
  const shared = shareLines(choices, Math.max(0, lines - known.length)).map(lineOf)
  registry.wantOnly([...stockLines, ...tickByTick, ...shared], CONFIG_CAUSE)
}

interface ListedChain {
  settings: UnderlyingSettings
  stock: StockContract
  before: Discovered | undefined
  chain: OptionContract[]
  /** Of the underlying; watched from the moment at which its line was asked for. */
  price: Promise<number | undefined>
}

async function listChain(
  link: Link,
  grids: PriceGrids,
  { settings, stock, before }: Pick<ListedChain, 'settings' | 'stock' | 'before'>,
  { nowUs, instrumentOf, ticks }: UniverseOptions,
): Promise<ListedChain> {
  const instrument = instrumentOf(stock)
  const price =
    before?.center === undefined
      ? referencePrice(ticks.pipe(filter((tick) => tick.instrument === instrument)), REFERENCE_WAIT_MS)
      : Promise.resolve(before.center)
  if (before) return { settings, stock, before, chain: before.chain, price }
  const today = nyse.zone.dateOf(nowUs())
  const chain = await findChain(link, grids, stock, {
    from: today,
    to: addDays(today, settings.expiryDays),
    tradingClasses: settings.tradingClasses,
  })
  return { settings, stock, before, chain, price }
}

async function choose(
  { settings, stock, before, chain, price }: ListedChain,
  fits: boolean,
  options: UniverseOptions,
): Promise<OptionContract[]> {
  const { events, discovered } = options
  const { symbol, strikes } = settings
  const needsPrice = strikes !== 'all' || !fits
  const center = needsPrice ? await price : before?.center
  if (needsPrice && center === undefined) events.noReferencePrice({ symbol })
  const chosen = selectOptions(chain, strikes, center)
  if (!before) events.chainDiscovered({ symbol, options: chain.length, chosen: chosen.length })
  discovered.set(JSON.stringify(settings), { stock, chain, center })
  return chosen
}
