/** What the detectors of a running collector say on `/arbitrage`: its shape, and how it is put together. */

import { z } from 'zod'

import type { Episode } from '../../market/arbitrage/episode.ts'
import { type Funnel, REFUSALS } from '../../market/arbitrage/funnel.ts'
import type { Assessment } from '../../market/arbitrage/opportunity.ts'
import { describeContract } from '../../market/contract.ts'
import { isoFromUs } from '../../market/time.ts'
import type { EpisodeBoard } from './board.ts'
import type { Detection } from './detection.ts'

const count = z.int().nonnegative()
const moment = z.iso.datetime({ precision: null })

/** At one moment; per package, but for `profit`, and in the currency of the contracts. */
const figures = z.object({
  at: moment,
  /** After all fees, as everything here. */
  edgePerShare: z.number(),
  edgePerContract: z.number(),
  /** Packages. */
  size: z.number(),
  profit: z.number(),
  capital: z.number(),
  /** 0.05 is 5 % a year; null on the day of expiry. */
  annualReturn: z.number().nullable(),
  worstCase: z.number(),
})

const episode = z.object({
  id: z.string(),
  detector: z.string(),
  certainty: z.enum(['guaranteed', 'expected']),
  assumptions: z.array(z.string()),
  symbol: z.string(),
  currency: z.string(),
  expiry: z.string(),
  lastExpiry: z.string(),
  opened: moment,
  /** Null while it is open. */
  closed: moment.nullable(),
  ending: z.string().nullable(),
  /** Of its legs, while it was open. */
  quotes: count,
  /** At the latest moment at which it was open, and at the best. */
  now: figures,
  best: figures,
  legs: z.array(
    z.object({
      side: z.enum(['buy', 'sell']),
      ratio: z.number(),
      contract: z.string(),
      price: z.number(),
      size: z.number(),
      ageMs: z.number(),
    }),
  ),
})

export type EpisodeView = z.output<typeof episode>

export const arbitragePageSchema = z.object({
  program: z.literal('tapedeck'),
  version: z.string(),
  /** `off`: by the settings. */
  state: z.enum(['off', 'watching', 'behind', 'failed']),
  session: z.object({ id: count, marketTime: moment }).nullable(),
  /** Of the records that wait for the detectors. */
  queue: z.object({ records: count, limit: count, passed: count }),
  funnel: z.object({
    quotes: count,
    candidates: count,
    opened: count,
    /** Candidates by reason; none: left out. */
    refused: z.record(z.string(), count),
  }),
  /** The most profitable first. */
  open: z.array(episode),
  /** The last ones, the latest first. */
  closed: z.array(episode),
})

export type ArbitragePage = z.output<typeof arbitragePageSchema>

export interface PageSources {
  version: string
  session: () => { id: number; marketTimeUs: number } | undefined
  /** Undefined: the detectors are off. */
  detection: (Detection['figures'] & { funnel: Funnel | undefined }) | undefined
  board: EpisodeBoard
}

export function arbitragePage({ version, session, detection, board }: PageSources): ArbitragePage {
  const running = session()
  return {
    program: 'tapedeck',
    version,
    state: detection?.state ?? 'off',
    session: running ? { id: running.id, marketTime: isoFromUs(running.marketTimeUs) } : null,
    queue: { records: detection?.queued ?? 0, limit: detection?.limit ?? 0, passed: detection?.passed ?? 0 },
    funnel: funnelView(detection?.funnel),
    open: board.open.map(episodeView),
    closed: board.closed.map(episodeView),
  }
}

function funnelView(funnel: Funnel | undefined): ArbitragePage['funnel'] {
  if (!funnel) return { quotes: 0, candidates: 0, opened: 0, refused: {} }
  const refused = REFUSALS.map((reason) => [reason, funnel.refused(reason)] as const).filter(([, times]) => times > 0)
  return { quotes: funnel.quotes, candidates: funnel.candidates, opened: funnel.opened, refused: Object.fromEntries(refused) }
}

export function episodeView({ id, opened, openedUs, closedUs, ending, best, bestUs, last, lastUs, quotes }: Episode): EpisodeView {
  const { detector, underlying, expiry, lastExpiry } = opened
  return {
    id,
    detector,
    certainty: last.certainty,
    assumptions: [...last.assumptions],
    symbol: underlying.symbol,
    currency: underlying.currency,
    expiry,
    lastExpiry,
    opened: isoFromUs(openedUs),
    closed: closedUs === undefined ? null : isoFromUs(closedUs),
    ending: ending ?? null,
    quotes,
    now: figuresOf(last, lastUs),
    best: figuresOf(best, bestUs),
    legs: last.legs.map(({ side, ratio, contract, price, size, ageMs }) => ({
      side,
      ratio,
      contract: describeContract(contract),
      price,
      size,
      ageMs,
    })),
  }
}

function figuresOf(assessment: Assessment, tsUs: number): EpisodeView['now'] {
  const { edgePerShare, edgePerContract, size, profit, capital, annualReturn, worstCase } = assessment
  const perYear = Number.isFinite(annualReturn) ? annualReturn : null
  return { at: isoFromUs(tsUs), edgePerShare, edgePerContract, size, profit, capital, annualReturn: perYear, worstCase }
}
