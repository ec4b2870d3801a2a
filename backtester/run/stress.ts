/** A run under worse conditions than its data shows: what it costs, how wide quotes are, how late everything comes, what is missing. */

import { ConfigError } from '../../market/errors.ts'
import type { Quote } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import type { Models } from '../engine/engine.ts'
import type { RunInput } from './input.ts'
import { injectedGaps, type InjectedGap, withGaps } from './injected-gaps.ts'
import type { RunEvent, RunResult, RunSettings, Stress } from './result.ts'

/** The smallest step of most prices. */
const TICK = 0.01
const EXPECTED =
  'costs:MULTIPLE, spread:FACTOR, spread:2ticks, on bars spread:5bp, latency:MS or latency:FEED,ORDER, gaps:COUNT,SECONDS or gaps:COUNT,SECONDS,one'

/** @param texts as `costs:2` @throws ConfigError for what is none, or given twice */
export function parseStress(texts: readonly string[]): Stress {
  const all: Stress = {}
  for (const text of texts) {
    const one = partOf(text)
    if (!one) throw new ConfigError(`--stress: expected ${EXPECTED}; found ${text}.`, { code: 'run-stress' })
    const [name = ''] = Object.keys(one)
    if (name in all) throw new ConfigError(`--stress: expected ${name} once, found it again: ${text}.`, { code: 'run-stress' })
    Object.assign(all, one)
  }
  return all
}

function partOf(text: string): Stress | undefined {
  const [, kind = '', rest = ''] = /^([a-z]+):(.+)$/.exec(text) ?? []
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ticks|bp)?$/.exec(rest) ?? []
  const value = amount === '' ? Number.NaN : Number(amount)
  const list = /^\d+(,\d+)?(,one)?$/.test(rest) ? rest.split(',') : []
  const [first = 0, second = first] = list.filter((part) => part !== 'one').map(Number)
  if (kind === 'costs' && unit === '' && value >= 0) return { costs: value }
  if (kind === 'spread' && unit === '' && value >= 1) return { spread: { factor: value } }
  if (kind === 'spread' && unit === 'ticks' && Number.isInteger(value)) return { spread: { ticks: value } }
  if (kind === 'spread' && unit === 'bp') return { spread: { basisPoints: value } }
  if (kind === 'latency' && list.length > 0 && !rest.endsWith('one')) return { latency: { feedMs: first, orderMs: second } }
  const isGaps = kind === 'gaps' && /^\d+,\d+/.test(rest) && list.length > 0 && first > 0 && second > 0
  return isGaps ? { gaps: { count: first, seconds: second, of: rest.endsWith(',one') ? 'one' : 'all' } } : undefined
}

/** The models with what it adds: fees, slippage, borrowing and debit interest by the multiple, and latency. Of bars the half spread too. */
export function stressedModels(models: Models, { costs = 1, latency, spread }: Stress = {}): Models {
  const { fees, slippage, financing, latency: base } = models
  const halfSpread = spread && 'basisPoints' in spread ? spread.basisPoints / 10_000 : 0
  return {
    ...models,
    fees: { name: fees.name, commission: (fill, before, date) => Math.round(fees.commission(fill, before, date) * costs) },
    slippage: { name: slippage.name, perUnit: (trade) => slippage.perUnit(trade) * costs + Math.abs(trade.price) * halfSpread },
    latency: {
      name: base.name,
      feedUs: () => base.feedUs() + (latency?.feedMs ?? 0) * 1000,
      orderUs: () => base.orderUs() + (latency?.orderMs ?? 0) * 1000,
    },
    ...(financing && {
      financing: {
        name: financing.name,
        creditRate: (rate) => financing.creditRate(rate),
        debitRate: (rate) => financing.debitRate(rate) * costs,
        borrowRate: (known) => financing.borrowRate(known) * costs,
      },
    }),
  }
}

/**
 * The input with wider quotes and with gaps.
 *
 * @throws ConfigError `run-stress` for a spread that the data has no use for: it must not be ignored
 */
export function stressedInput(input: RunInput, { seed, range, stress = {} }: RunSettings): { input: RunInput; gaps: InjectedGap[] } {
  const { spread } = stress
  const isBars = input.dataset.barSeconds !== undefined
  if (spread && 'basisPoints' in spread !== isBars)
    throw new ConfigError(
      isBars
        ? '--stress: bars have no quotes to widen. Charge a half spread in basis points, as spread:5bp.'
        : '--stress: quotes are widened by a factor or ticks, as spread:1.5 or spread:2ticks; found basis points, which are for bars.',
      { code: 'run-stress' },
    )
  const gaps = stress.gaps ? injectedGaps(stress.gaps, { seed, range, dataset: input.dataset, instruments: input.instruments }) : []
  const widened = spread && !isBars ? { ...input, chunks: () => widenedChunks(input, spread) } : input
  return { input: gaps.length > 0 ? { ...widened, chunks: () => withGaps(widened.chunks(), gaps) } : widened, gaps }
}

type Spread = NonNullable<Stress['spread']>

async function* widenedChunks(input: RunInput, spread: Spread): ReturnType<RunInput['chunks']> {
  for await (const chunk of input.chunks())
    yield { ...chunk, records: chunk.records.map((record) => (record.kind === 'quote' ? widened(record, spread) : record)) }
}

/**
 * Moves bid and ask apart: by a factor around their middle, or each by ticks of 0.01. A bid never falls below 0, sizes stay, and a quote that is
 * crossed stays as it is. By a factor, one side alone stays too: its spread is not known.
 */
export function widened(quote: Quote, spread: Spread): Quote {
  const { bidPrice, askPrice } = quote
  if (bidPrice !== undefined && askPrice !== undefined && bidPrice > askPrice) return quote
  const off = offOf(quote, spread)
  return {
    ...quote,
    ...(bidPrice !== undefined && { bidPrice: bidPrice >= 0 ? Math.max(0, rounded(bidPrice - off)) : rounded(bidPrice - off) }),
    ...(askPrice !== undefined && { askPrice: rounded(askPrice + off) }),
  }
}

function offOf({ bidPrice, askPrice }: Quote, spread: Spread): number {
  if ('ticks' in spread) return spread.ticks * TICK
  if (!('factor' in spread) || bidPrice === undefined || askPrice === undefined) return 0
  return ((askPrice - bidPrice) / 2) * (spread.factor - 1)
}

/** To a millionth: what binary fractions add is no price. */
function rounded(price: number): number {
  return Math.round(price * 1e6) / 1e6
}

/** Kind of the events that name injected gaps. */
const INJECTED_GAP = 'injected-gap'

export function injectedGapEvent({ fromUs, toUs, instrument }: InjectedGap): RunEvent {
  const of = instrument === undefined ? 'no data at all' : `no data of instrument ${instrument}`
  const message = `Injected gap: ${of} from ${isoFromUs(fromUs)} to ${isoFromUs(toUs)}.`
  return { tsUs: fromUs, kind: INJECTED_GAP, message, ...(instrument !== undefined && { instrument }) }
}

/** What a reader of a result has to know of its data, what was injected included. */
export function warningsOf({ dataset, events }: Pick<RunResult, 'dataset' | 'events'>): string[] {
  return [...(dataset?.warnings ?? []), ...events.filter(({ kind }) => kind === INJECTED_GAP).map(({ message }) => message)]
}
