/** The universe as `/universe` gives it: what is wanted, why, and what was left out for which reason. */

import { z } from 'zod'

import { contractKey, type OptionContract } from '../../market/contract.ts'
import { countReasons, type Reason, REASONS } from './filters.ts'
import type { Discovered, UnderlyingSettings } from './universe.ts'

const count = z.int().nonnegative()
const reasons = z.partialRecord(z.enum(REASONS), count)

export const universePageSchema = z.object({
  program: z.literal('tapedeck'),
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
      state: z.enum(['searching', 'complete', 'unknown', 'no-options']),
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

export interface PageSources {
  underlyings: readonly UnderlyingSettings[]
  discoveredOf: (settings: UnderlyingSettings) => Discovered | undefined
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

function underlyingOf(settings: UnderlyingSettings, { discoveredOf, lined }: PageSources, withContracts: boolean) {
  const { symbol, kind = 'stock', currency } = settings
  const known = discoveredOf(settings)
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
  for (const { reason } of known?.chain?.unasked ?? []) unasked[reason] = (unasked[reason] ?? 0) + 1
  return {
    symbol,
    kind,
    currency,
    state: stateOf(known, rows.length + Object.keys(unasked).length > 0),
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

function stateOf(known: Discovered | undefined, hasOptions: boolean): UniversePage['underlyings'][number]['state'] {
  if (!known?.root) return known?.refusals.areFinal ? 'unknown' : 'searching'
  if (!known.chain?.isComplete || !known.choice) return 'searching'
  return hasOptions ? 'complete' : 'no-options'
}
