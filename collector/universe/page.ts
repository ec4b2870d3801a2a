/** The universe as `/universe` gives it: what is wanted, why, and what was left out for which reason. */

import { z } from 'zod'

import { contractKey, type OptionContract } from '../../market/contract.ts'
import { type Choice, countReasons, type Reason, REASONS } from './filters.ts'
import { isComplete, type Discovered, type UnderlyingSettings } from './universe.ts'

const count = z.int().nonnegative()
const reasons = z.partialRecord(z.enum(REASONS), count)

export const universePageSchema = z.object({
  program: z.literal('tapedeck'),
  /** Who says so: the collector that runs, or, without one, the database. */
  from: z.enum(['collector', 'database']).default('collector'),
  /** Of the database: the newest day in New York of which it knows anything of these, `YYYY-MM-DD`. */
  recordedUntil: z.string().nullable().default(null),
  lines: count,
  /** Underlyings and options. */
  wanted: count,
  /** Of the options, when they take turns on the lines that the underlyings leave, each for `holdMs`. Null: all have a line, or none can. */
  roundMs: z.number().nullable(),
  holdMs: count,
  underlyings: z.array(
    z.object({
      symbol: z.string(),
      kind: z.enum(['stock', 'index']),
      currency: z.string(),
      state: z.enum(['searching', 'complete', 'unknown', 'no-options', 'recorded', 'not-recorded']),
      referencePrice: z.number().nullable(),
      wanted: count,
      withLine: count,
      leftOut: reasons,
      /** By expiry and class, in this order. */
      expiries: z.array(z.object({ expiry: z.string(), tradingClass: z.string(), wanted: count, withLine: count, leftOut: reasons })),
      /** Whole expiries whose options were not asked for, by reason. */
      unasked: z.record(z.string(), count),
      contracts: z
        .array(
          z.object({
            contract: z.string(),
            expiry: z.string(),
            strike: z.number(),
            right: z.enum(['C', 'P']),
            tradingClass: z.string(),
            multiplier: z.number(),
            wanted: z.boolean(),
            /** Null: it is wanted. */
            reason: z.enum(REASONS).nullable(),
            hasLine: z.boolean(),
          }),
        )
        .optional(),
    }),
  ),
})

export type UniversePage = z.output<typeof universePageSchema>

type State = UniversePage['underlyings'][number]['state']

/** What is known of an underlying. */
export interface Found {
  state: State
  /** The price around which its strikes were chosen. */
  center: number | undefined
  choice: Choice | undefined
  unasked: readonly { reason: string }[]
}

export interface PageSources {
  underlyings: readonly UnderlyingSettings[]
  foundOf: (settings: UnderlyingSettings) => Found | undefined
  lines: number
  /** Keys of the contracts for which lines are held or asked. */
  lined: ReadonlySet<string>
}

/** The shortest time for which a line is held when contracts take turns. */
const HOLD_MS = 15_000

/** @param withContracts each option by itself, too */
export function universePage(sources: PageSources, withContracts: boolean): UniversePage {
  const underlyings = sources.underlyings.map((settings) => underlyingOf(settings, sources, withContracts))
  const options = underlyings.reduce((sum, { wanted }) => sum + wanted, 0)
  const roots = underlyings.filter(({ state }) => state !== 'unknown').length
  return {
    program: 'tapedeck',
    from: 'collector',
    recordedUntil: null,
    lines: sources.lines,
    wanted: roots + options,
    roundMs: roundMs(options, sources.lines - roots),
    holdMs: HOLD_MS,
    underlyings,
  }
}

function roundMs(options: number, lines: number): number | null {
  return lines <= 0 || options <= lines ? null : Math.ceil(options / lines) * HOLD_MS
}

interface Row {
  contract: OptionContract
  reason: Reason | undefined
  hasLine: boolean
}

function underlyingOf(settings: UnderlyingSettings, { foundOf, lined }: PageSources, withContracts: boolean) {
  const { symbol, kind = 'stock', currency } = settings
  const known = foundOf(settings)
  const { wanted, leftOut } = known?.choice ?? { wanted: [], leftOut: [] }
  const hasLine = (contract: OptionContract) => lined.has(contractKey(contract))
  const rows: Row[] = [
    ...wanted.map((contract) => ({ contract, reason: undefined, hasLine: hasLine(contract) })),
    ...leftOut.map(({ contract, reason }) => ({ contract, reason, hasLine: false })),
  ]
  const byExpiry = new Map<string, Row[]>()
  for (const row of rows) {
    const key = `${row.contract.expiry} ${row.contract.tradingClass}`
    const same = byExpiry.get(key)
    if (same) same.push(row)
    else byExpiry.set(key, [row])
  }
  const expiries = [...byExpiry.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, some]) => {
      const [expiry = '', tradingClass = ''] = key.split(' ')
      return { expiry, tradingClass, ...figuresOf(some) }
    })
  const unasked: Record<string, number> = {}
  for (const { reason } of known?.unasked ?? []) unasked[reason] = (unasked[reason] ?? 0) + 1
  return {
    symbol,
    kind,
    currency,
    state: known?.state ?? 'searching',
    referencePrice: known?.center ?? null,
    ...figuresOf(rows),
    expiries,
    unasked,
    ...(withContracts && { contracts: rows.map(contractOf) }),
  }
}

function figuresOf(rows: readonly Row[]) {
  return {
    wanted: rows.filter(({ reason }) => reason === undefined).length,
    withLine: rows.filter(({ hasLine }) => hasLine).length,
    leftOut: countReasons(rows.flatMap(({ reason }) => (reason ? { reason } : []))),
  }
}

function contractOf({ contract, reason, hasLine }: Row) {
  const { expiry, strike, right, tradingClass, multiplier } = contract
  const terms = { expiry, strike, right, tradingClass, multiplier }
  return { contract: contractKey(contract), ...terms, wanted: reason === undefined, reason: reason ?? null, hasLine }
}

/** What the search for an underlying has found. */
export function foundBySearch(one: Discovered): Found {
  const { root, refusals, chain, center, choice } = one
  const unasked = chain?.unasked ?? []
  const isKnown = root && isComplete(one) && choice
  if (!isKnown) return { state: !root && refusals.areFinal ? 'unknown' : 'searching', center, choice, unasked }
  const options = choice.wanted.length + choice.leftOut.length + unasked.length
  return { state: options > 0 ? 'complete' : 'no-options', center, choice, unasked }
}
