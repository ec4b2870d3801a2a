/**
 * From the configured underlyings to market-data lines: finds each stock or index and its chain, centres the strikes, and shares the
 * lines, nearest the money first. One round asks for everything that is not known; what was found is kept for the next one, which
 * follows when the link was lost on the way, when something was refused, or when the settings were changed. An underlying whose own
 * settings are the same keeps its chain and its centre, so that its lines stay as they are.
 *
 * Chains are searched anew for each trading day (`renew`): IB lists new expiries and strikes, and others have expired.
 *
 * While chains are still being looked for, what is known of them gets lines every 15 s: a busy gateway takes a minute for an expiry.
 */

import type { Observable } from 'rxjs'
import { filter } from 'rxjs'

import { nyse } from '../../market/calendar/calendar.ts'
import type { Contract, IndexContract, OptionContract, StockContract } from '../../market/contract.ts'
import type { Tick } from '../../market/tick.ts'
import { type ChainQuery, ChainSearch, type FoundChain } from '../ib/lookup/chain-search.ts'
import { findUnderlying, underlyingDetails, type UnderlyingQuery } from '../ib/lookup/find-contracts.ts'
import type { Link } from '../ib/link/link.ts'
import type { LookUps } from '../ib/lookup/look-ups.ts'
import { PriceGrids } from '../ib/lookup/price-grids.ts'
import { Refusals } from '../ib/lookup/refusals.ts'
import type { Events } from '../telemetry/events/index.ts'
import { referencePrice } from './reference-price.ts'
import { type Activity, type Choice, chooseOptions, countReasons, expiryReason, type OptionFilters } from './filters.ts'
import { shareLines } from './select.ts'
import type { WantedLine } from '../lines/line.ts'
import type { UniverseBudget, UniverseLines } from '../lines/division.ts'
import { forgetUnknown, nameUnknown, type Names } from './unknown.ts'

export interface UnderlyingSettings extends UnderlyingQuery, OptionFilters {
  /** Record the underlying tick by tick too, when IB has room for it. */
  tickByTick?: boolean | undefined
}

export interface UniverseOptions {
  underlyings: readonly UnderlyingSettings[]
  /** Market-data lines that may be used. */
  lines: number
  events: Events
  nowUs: () => number
  /** Since when what this round asks for first is wanted. */
  wantedUs: number
  recorder: Names
  registry: UniverseLines
  /** Shares the lines among more contracts than there are lines; absent: those beyond them are never watched. */
  budget?: UniverseBudget | undefined
  ticks: Observable<Tick>
  lookUps: LookUps
  /** What earlier rounds have found, by the settings of the underlying. */
  discovered: Map<string, Discovered>
  /** What was recorded last of an option. */
  activityOf?: ((option: OptionContract) => Activity | undefined) | undefined
}

/** What is known of an underlying. */
export interface Discovered {
  settings: UnderlyingSettings
  refusals: Refusals
  /** Since when it is wanted, in the market's time; undefined when lines were wanted of everything. */
  wantedUs: number | undefined
  /** Undefined until the gateway has named it. */
  root: StockContract | IndexContract | undefined
  /** The gateway is to be asked for the underlying again: it may have another number. */
  isRootOld: boolean
  chain: ChainSearch | undefined
  /** What is complete of it was written to the file (chain-file.ts). */
  isKept: boolean
  /** `performance.now()` when its chain was searched again because its price had left the strikes. */
  followedMs: number
  /** The price around which its strikes were chosen; undefined when none was needed, or there was none. */
  center: number | undefined
  /** What became of its chain in the last round; undefined before the first. */
  choice: Choice | undefined
  /** Options of its chain when that was logged last. */
  logged: number | undefined
  /** Adjusted classes that were left out, as they were logged last. */
  loggedAdjusted: string
}

type Known = Discovered & { root: StockContract | IndexContract; chain: ChainSearch }

/** Recorded as the reason of a line that is not wanted any more: by the settings, or because its contract has expired. */
const CONFIG_CAUSE = 'config'

/** Of a chain all expiries are listed, and the settings say which of them are asked for. */
const LAST_DATE = '9999-12-31'

/** Waits so long for a last trade before a close or a tight quote will do. */
const REFERENCE_WAIT_MS = 5000
/** An underlying that is not named by then is missing on the tape: the answer may take minutes. */
const LATE_MS = 1000
/** Between two looks at what was found of chains that are not complete. */
const MEANWHILE_MS = 15_000

/**
 * One round. Throws a FeedError when the link is lost on the way, or the gateway does not answer.
 *
 * @returns `known`: how many underlyings the gateway knows; `again`: something was refused, and may be known in a while
 */
export async function openUniverse(link: Link, options: UniverseOptions): Promise<{ known: number; again: boolean }> {
  const { lines, events, registry, recorder } = options
  const grids = new PriceGrids({ link, onMissing: (rule, error) => events.noMarketRule({ rule, error }) })
  const all = wantedOf(options)
  dropExpired(options)
  const newRoots = await findRoots(link, grids, all, options)
  const known = all.flatMap((one) => knownOf(one, options))
  // What is complete has its lines only at the end of a round.
  const incomplete = all.filter((one) => !isComplete(one))
  nameUnknown(incomplete, recorder, options.wantedUs)
  if (known.length === 0) {
    settleRefusals(all, false, options)
    return { known: 0, again: true }
  }
  const roots = known.slice(0, lines)
  const lineOf = (contract: Contract): WantedLine => ({
    instrument: recorder.instrumentOf(contract),
    contract,
    wantedUs: wantedUsOf(contract, known, options),
  })
  const rootLines = roots.map(({ root }) => lineOf(root))
  // A new stock's price is needed before its options are chosen.
  registry.makeRoomFor(rootLines, lines, CONFIG_CAUSE)
  registry.want(rootLines)
  // IB has few such lines: those who come first get the trades and the quotes both. It makes no ticks of an index.
  const tickByTick = roots
    .filter(({ settings, root }) => settings.tickByTick && root.kind === 'stock')
    .flatMap(({ root }): WantedLine[] => [
      { ...lineOf(root), feed: 'tick-by-tick-trades' },
      { ...lineOf(root), feed: 'tick-by-tick-quotes' },
    ])
  registry.want(tickByTick)
  const prices = watchPrices(known, options)
  const newOptions = await searchChains(link, grids, known, options, () => {
    const choices = known.map((one) => {
      const price = prices.get(one)
      return price?.isOver ? choiceOf(one, price.value, options).wanted : []
    })
    for (const option of shareLines(choices, lines)) if (registry.wanted < lines) registry.want([lineOf(option)])
  })
  // When every strike is wanted and all fit, no price is needed, and none is waited for.
  const fits = known.length + known.reduce((sum, one) => sum + choiceOf(one, one.center, options).wanted.length, 0) <= lines
  const choices = await Promise.all(known.map((one) => choose(one, prices.get(one)?.found, fits, options)))
  const wanted = choices.reduce((sum, choice) => sum + choice.length, known.length)
  const isShared = options.budget?.isOn === true && wanted > lines
  if (wanted > lines && !isShared) events.overBudget({ wanted, lines })
  if (!isShared) {
    const shared = shareLines(choices, Math.max(0, lines - known.length)).map(lineOf)
    registry.wantOnly([...rootLines, ...tickByTick, ...shared], CONFIG_CAUSE)
  }
  options.budget?.want({
    pinned: [...rootLines, ...tickByTick],
    options: choices.map((choice) => choice.map((contract) => ({ ...lineOf(contract), contract }))),
    lines,
    centers: new Map(known.flatMap(({ root, center }) => (center === undefined ? [] : [[recorder.instrumentOf(root), center]]))),
  })
  const isWitnessed = newRoots || newOptions || (await knowsAnything(link, known, all))
  return { known: known.length, again: settleRefusals(all, isWitnessed, options) }
}

/** Their lines are needed for what is found next, however long an underlying or a chain is looked for. */
function dropExpired({ registry, nowUs }: UniverseOptions): void {
  const today = nyse.zone.dateOf(nowUs())
  const kept = registry.all.filter(({ contract }) => contract.kind !== 'option' || contract.expiry >= today)
  if (kept.length < registry.all.length) registry.wantOnly(kept, CONFIG_CAUSE)
}

/** What is known of each underlying of the settings. */
function wantedOf({ underlyings, discovered, recorder, wantedUs }: UniverseOptions): Discovered[] {
  const keys = new Set(underlyings.map((settings) => JSON.stringify(settings)))
  // Chains of settings that have changed since would be kept for ever.
  for (const [key, one] of discovered)
    if (!keys.has(key)) {
      forgetUnknown(one, recorder)
      discovered.delete(key)
    }
  return underlyings.map((settings) => {
    const one = discoveredOf(settings, discovered)
    one.wantedUs ??= wantedUs
    return one
  })
}

/** What is known of the underlying of these settings, which may be nothing yet. */
function discoveredOf(settings: UnderlyingSettings, discovered: Map<string, Discovered>): Discovered {
  const key = JSON.stringify(settings)
  const before = discovered.get(key)
  if (before) return before
  const unknown = { wantedUs: undefined, root: undefined, chain: undefined, center: undefined, choice: undefined, logged: undefined }
  const never = { isRootOld: false, isKept: false, followedMs: Number.NEGATIVE_INFINITY }
  const fresh = { settings, refusals: new Refusals(), ...unknown, ...never, loggedAdjusted: '' }
  discovered.set(key, fresh)
  return fresh
}

/** Since when a contract is wanted: from when its underlying is. */
function wantedUsOf({ symbol }: Contract, known: readonly Known[], { wantedUs }: UniverseOptions): number {
  return Math.min(...known.filter(({ root }) => root.symbol === symbol).map((one) => one.wantedUs ?? wantedUs))
}

/** Takes over what an earlier run has found of an underlying on the same day. */
export function recall(
  settings: UnderlyingSettings,
  { root, ...found }: FoundChain & { root: Known['root'] },
  { discovered, nowUs }: Pick<UniverseOptions, 'discovered' | 'nowUs'>,
): void {
  const one = discoveredOf(settings, discovered)
  one.root = root
  one.chain = new ChainSearch(root, chainQuery(settings, root, nowUs()))
  one.chain.recall(found)
  one.isKept = true
}

/** Asks for the underlyings that are not known, or not of this day. Returns true when one of them was found. */
async function findRoots(
  link: Link,
  grids: PriceGrids,
  all: readonly Discovered[],
  { lookUps, events, recorder, wantedUs }: UniverseOptions,
): Promise<boolean> {
  const unknown = all.filter(({ root, refusals, isRootOld }) => (root ? isRootOld : !refusals.areFinal))
  const found = await Promise.all(
    unknown.map(async (one) => {
      const name = () => !one.root && nameUnknown([one], recorder, wantedUs)
      const late = setTimeout(name, LATE_MS)
      let root: Known['root'] | undefined
      try {
        root = await lookUps.run(() => findUnderlying(link, grids, one.settings))
        one.root = root ?? one.root
      } finally {
        clearTimeout(late)
        name()
      }
      // One that was known stays as it was.
      one.isRootOld = false
      if (root) one.chain?.follow(root)
      else if (!one.root) {
        one.refusals.note()
        if (one.refusals.isFirst) events.unknownUnderlying({ ...one.settings, isFinal: false })
      }
      return root
    }),
  )
  return found.some((root) => root)
}

/** The underlying with the search for its chain, when the gateway has named it. */
function knownOf(one: Discovered, { nowUs }: UniverseOptions): Known[] {
  if (!one.root) return []
  one.chain ??= new ChainSearch(one.root, chainQuery(one.settings, one.root, nowUs()))
  return [one as Known]
}

function chainQuery(settings: UnderlyingSettings, root: Known['root'], nowUs: number): ChainQuery {
  const today = nyse.zone.dateOf(nowUs)
  return { from: today, to: LAST_DATE, leaveOut: (listed) => expiryReason(listed, settings, { root, today }) }
}

/**
 * The next round asks for the underlying and for its chain again.
 *
 * @param price the last known one, around which strikes are chosen from then on
 */
export function renew(one: Discovered, nowUs: number, price: number | undefined): void {
  one.center = price ?? one.center
  one.isKept = false
  one.isRootOld = one.root !== undefined
  if (one.root) one.chain?.renew(chainQuery(one.settings, one.root, nowUs))
  else one.refusals = new Refusals()
}

interface Price {
  found: Promise<number | undefined>
  isOver: boolean
  value: number | undefined
}

/** The prices of the underlyings, watched from the moment at which their lines were asked for. */
function watchPrices(known: readonly Known[], { ticks, recorder }: UniverseOptions): Map<Known, Price> {
  return new Map(
    known.map((one) => {
      const instrument = recorder.instrumentOf(one.root)
      const found =
        one.center === undefined
          ? referencePrice(ticks.pipe(filter((tick) => tick.instrument === instrument)), REFERENCE_WAIT_MS)
          : Promise.resolve(one.center)
      const price: Price = { found, isOver: false, value: undefined }
      void found.then((value) => Object.assign(price, { isOver: true, value }))
      return [one, price]
    }),
  )
}

/** Searches all chains at once. Returns true when something new was found. `onMeanwhile` may use what is known so far. */
async function searchChains(
  link: Link,
  grids: PriceGrids,
  known: readonly Known[],
  { lookUps }: UniverseOptions,
  onMeanwhile: () => void,
): Promise<boolean> {
  const timer = setInterval(onMeanwhile, MEANWHILE_MS)
  try {
    const outcomes = await Promise.allSettled(known.map(({ chain }) => chain.search({ link, grids, lookUps })))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure) throw failure.reason
    return outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value)
  } finally {
    clearInterval(timer)
  }
}

/** Without anything new in a round, one contract that was known is asked for again: a gateway that refuses that too says nothing of the rest. */
async function knowsAnything(link: Link, known: readonly Known[], all: readonly Discovered[]): Promise<boolean> {
  const [witness] = known
  if (!witness || all.every(isComplete)) return true
  return (await underlyingDetails(link, witness.settings)) !== undefined
}

/**
 * Counts the refusals of the round where the gateway knew something else. Returns true when something is to be asked for again.
 */
function settleRefusals(all: readonly Discovered[], isWitnessed: boolean, { events, recorder, wantedUs }: UniverseOptions): boolean {
  if (isWitnessed)
    for (const { settings, root, refusals, chain } of all) {
      const wasFinal = refusals.areFinal
      refusals.settle()
      chain?.settle()
      if (!root && refusals.areFinal && !wasFinal) events.unknownUnderlying({ ...settings, isFinal: true })
    }
  nameUnknown(all, recorder, wantedUs)
  // Lines of everything that was found are wanted by now.
  for (const one of all) if (one.root && isComplete(one)) one.wantedUs = undefined
  return !all.every(isComplete)
}

export const isComplete = ({ root, refusals, chain }: Discovered): boolean => (root ? chain?.isComplete === true : refusals.areFinal)

async function choose(
  one: Known,
  price: Promise<number | undefined> | undefined,
  fits: boolean,
  options: UniverseOptions,
): Promise<OptionContract[]> {
  const { settings, chain } = one
  const { symbol, strikes } = settings
  const { events } = options
  const needsPrice = !fits || (strikes !== 'all' && strikes.rangePercent !== undefined)
  if (needsPrice) one.center = await price
  if (needsPrice && one.center === undefined) events.noReferencePrice({ symbol })
  const choice = choiceOf(one, one.center, options)
  one.choice = choice
  const listed = chain.options.length
  // Nothing of a chain that is still being searched says nothing of it.
  if (one.logged !== listed && (listed > 0 || chain.isComplete)) {
    events.chainDiscovered({ symbol, options: listed, chosen: choice.wanted.length, leftOut: countReasons(choice.leftOut) })
    one.logged = listed
  }
  logAdjusted(one, choice, events)
  return choice.wanted
}

function choiceOf({ settings, root, chain }: Known, referencePrice: number | undefined, { nowUs, activityOf }: UniverseOptions): Choice {
  const today = nyse.zone.dateOf(nowUs())
  return chooseOptions(chain.options, settings, { root, today, referencePrice, activityOf })
}

function logAdjusted(one: Known, { leftOut }: Choice, events: Events): void {
  const { symbol } = one.settings
  const unasked = one.chain.unasked.filter(({ reason }) => reason === 'adjusted')
  const found = leftOut.filter(({ reason }) => reason === 'adjusted').map(({ contract }) => contract)
  const classes = [...unasked, ...found].map(({ tradingClass, multiplier }) => `${tradingClass} x ${multiplier}`)
  const tradingClasses = [...new Set(classes)].toSorted()
  const text = tradingClasses.join(', ')
  if (text !== '' && text !== one.loggedAdjusted) events.adjustedLeftOut({ symbol, tradingClasses })
  one.loggedAdjusted = text
}
