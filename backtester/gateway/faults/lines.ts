/** Which lines a fault is about: all, those of a farm, or those of single contracts. */

import { z } from 'zod'

import { describeContract } from '../../../market/contract.ts'
import type { LineFeed } from '../book/channel.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { oneOf, text } from './fields.ts'

/** Farms by what they carry; tick-by-tick data comes from the farm of history. */
const FARMS: Readonly<Record<string, (listed: ListedContract, feed: LineFeed) => boolean>> = {
  all: () => true,
  usfarm: ({ secType }, feed) => feed === 'market-data' && (secType === 'STK' || secType === 'IND'),
  usopt: ({ secType }, feed) => feed === 'market-data' && secType === 'OPT',
  usfuture: ({ secType }, feed) => feed === 'market-data' && secType === 'FUT',
  ushmds: (_, feed) => feed !== 'market-data',
}

const NAMES = 'all, a farm (usfarm, usopt, usfuture, ushmds), or contracts such as TWX or TWX 2014-06-21 70 C'

export const LINE_FIELDS = {
  of: z
    .union([text(NAMES), z.array(text(NAMES)).min(1, { error: NAMES })], { error: NAMES })
    .default('all')
    .describe(
      'Which lines: all; those of a farm: usfarm (stocks and indices), usopt (options), usfuture, ushmds (tick-by-tick data and bars); ' +
        'or of contracts, by symbol, or symbol, expiry, strike and right: TWX, TWX 2014-06-21 70 C. Several as a list.',
    ),
  feed: oneOf(['market-data', 'tick-by-tick']).optional().describe('Only lines of market data, or only tick-by-tick lines; else both.'),
} as const

export type LineFields = z.output<z.ZodObject<typeof LINE_FIELDS>>

export type LineChoice = (listed: ListedContract, feed: LineFeed) => boolean

export function lineNames({ of }: LineFields): readonly string[] {
  return typeof of === 'string' ? [of] : of
}

export function describeLines(fields: LineFields): string {
  const names = lineNames(fields).join(', ')
  return fields.feed === undefined ? names : `${names} (${fields.feed})`
}

export function chooseLines(fields: LineFields): LineChoice {
  const names = lineNames(fields)
  const farms = names.map((name) => FARMS[name]).filter((farm) => farm !== undefined)
  const contracts = new Set(names.filter((name) => FARMS[name] === undefined))
  return (listed, feed) =>
    (fields.feed === undefined || fields.feed === feed) &&
    (farms.some((farm) => farm(listed, feed)) || contracts.has(describeContract(listed.contract)))
}

/** Names that are neither a farm nor one of the contracts. */
export function unknownLines(names: readonly string[], contracts: Iterable<ListedContract>): string[] {
  const left = new Set(names.filter((name) => FARMS[name] === undefined))
  if (left.size > 0) for (const { contract } of contracts) left.delete(describeContract(contract))
  return [...left]
}
