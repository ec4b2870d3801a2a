/**
 * From the configured underlyings to market-data lines: finds each stock and its chain, centres the strikes, and shares the lines,
 * nearest the money first. Runs once; an interrupted run starts again with the next link.
 */

import type { Observable } from 'rxjs'
import { filter } from 'rxjs'

import { nyse } from '../../market/calendar.ts'
import type { Contract, OptionContract, StockContract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { Tick } from '../../market/tick.ts'
import { addDays } from '../../market/time.ts'
import { findChain, findStock, type UnderlyingQuery } from '../ib/catalog.ts'
import type { Link } from '../ib/link.ts'
import type { Events } from '../telemetry/events.ts'
import { referencePrice } from './reference-price.ts'
import { type StrikeRange, selectOptions, shareLines } from './select.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface UnderlyingSettings extends UnderlyingQuery {
  strikes: StrikeRange
  /** Options expiring up to this many days from today are recorded. */
  expiryDays: number
  tradingClasses?: readonly string[] | undefined
}

export interface UniverseOptions {
  underlyings: readonly UnderlyingSettings[]
  /** Market-data lines that may be used. */
  lines: number
  events: Events
  nowUs: () => number
  instrumentOf: (contract: Contract) => number
  subscriptions: Subscriptions
  ticks: Observable<Tick>
}

/** How long a last trade is waited for before a close or a tight quote will do. */
const REFERENCE_WAIT_MS = 5000

/** Throws a FeedError when the gateway knows none of the underlyings, or when the link is lost on the way. */
export async function openUniverse(link: Link, options: UniverseOptions): Promise<void> {
  const { underlyings, lines, events, subscriptions } = options
  const found = await Promise.all(underlyings.map(async (settings) => ({ settings, stock: await findStock(link, settings) })))
  const known: { settings: UnderlyingSettings; stock: StockContract }[] = []
  for (const { settings, stock } of found) {
    if (stock) known.push({ settings, stock })
    else events.unknownUnderlying(settings.symbol)
  }
  if (known.length === 0)
    throw new FeedError(
      `The gateway knows none of the configured underlyings (${underlyings.map(({ symbol }) => symbol).join(', ')}). Check universe.underlyings.`,
      { code: 'no-underlyings' },
    )
  want(
    options,
    known.slice(0, lines).map(({ stock }) => stock),
  )
  const chains = await Promise.all(known.map(({ settings, stock }) => listChain(link, settings, stock, options)))
  // When every strike is wanted and all fit, no price is needed and nobody waits for one.
  const fits = known.length + chains.reduce((sum, { chain }) => sum + chain.length, 0) <= lines
  const choices = await Promise.all(chains.map((listed) => choose(listed, fits, events)))
  const wanted = choices.reduce((sum, choice) => sum + choice.length, known.length)
  if (wanted > lines) events.overBudget(wanted, lines)
  want(options, shareLines(choices, Math.max(0, lines - known.length)))

  function want({ instrumentOf }: UniverseOptions, contracts: readonly Contract[]): void {
    subscriptions.want(contracts.map((contract) => ({ instrument: instrumentOf(contract), contract })))
  }
}

interface ListedChain {
  settings: UnderlyingSettings
  chain: OptionContract[]
  /** Of the underlying; watched from the moment at which its line was asked for. */
  price: Promise<number | undefined>
}

async function listChain(link: Link, settings: UnderlyingSettings, stock: StockContract, options: UniverseOptions): Promise<ListedChain> {
  const { nowUs, instrumentOf, ticks } = options
  const instrument = instrumentOf(stock)
  const price = referencePrice(ticks.pipe(filter((tick) => tick.instrument === instrument)), REFERENCE_WAIT_MS)
  const today = nyse.zone.dateOf(nowUs())
  const chain = await findChain(link, stock, {
    from: today,
    to: addDays(today, settings.expiryDays),
    tradingClasses: settings.tradingClasses,
  })
  return { settings, chain, price }
}

async function choose({ settings, chain, price }: ListedChain, fits: boolean, events: Events): Promise<OptionContract[]> {
  const { symbol, strikes } = settings
  const needsPrice = strikes !== 'all' || !fits
  const center = needsPrice ? await price : undefined
  if (needsPrice && center === undefined) events.noReferencePrice(symbol)
  const chosen = selectOptions(chain, strikes, center)
  events.discovered(symbol, chain.length, chosen.length)
  return chosen
}
