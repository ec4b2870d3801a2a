/** What the detectors of a running collector say on `/arbitrage`: its shape, and how it is put together. */

import { z } from 'zod'

import type { Episode } from '../../market/arbitrage/episode.ts'
import { type Funnel, REFUSALS } from '../../market/arbitrage/funnel.ts'
import { plainAssessment, plainEpisode } from '../../market/arbitrage/plain.ts'
import { isoFromUs } from '../../market/time.ts'
import type { EpisodeBoard } from './board.ts'
import type { Detection } from './detection.ts'

const count = z.int().nonnegative()
const moment = z.iso.datetime({ precision: null })

const leg = z.object({
  side: z.enum(['buy', 'sell']),
  ratio: z.number(),
  /** Its key (market/contract.ts). */
  contract: z.string(),
  price: z.number(),
  size: z.number(),
  ageMs: z.number(),
  fee: z.number(),
})

/** Undefined: not known. */
const carry = z.object({
  days: z.number(),
  lastDays: z.number(),
  rate: z.number().optional(),
  rateSource: z.string().optional(),
  dividends: z.number().optional(),
  dividendSource: z.string().optional(),
  dividendYield: z.number(),
  borrow: z.number().optional(),
})

/** At one moment (market/arbitrage/opportunity.ts). */
const assessment = z.object({
  certainty: z.enum(['guaranteed', 'expected']),
  assumptions: z.array(z.string()).readonly(),
  size: z.number(),
  grossEdgePerShare: z.number(),
  edgePerShare: z.number(),
  edgePerContract: z.number(),
  profit: z.number(),
  fees: z.number(),
  capital: z.number(),
  annualReturn: z.number(),
  worstCase: z.number(),
  skewMs: z.number(),
  carry,
  impliedRate: z.number().optional(),
  legs: z.array(leg).readonly(),
})

const episode = z.object({
  id: z.string(),
  sessionId: count,
  detector: z.string(),
  symbol: z.string(),
  currency: z.string(),
  expiry: z.string(),
  lastExpiry: z.string(),
  multiplier: z.number(),
  openedTs: moment,
  /** Absent while it is open, as its ending and its length are. */
  closedTs: moment.optional(),
  ending: z.string().optional(),
  seconds: z.number().optional(),
  /** Of its legs, while it was open. */
  quotes: count,
  opened: assessment,
  bestTs: moment,
  best: assessment,
  /** The latest one while it was open. */
  lastTs: moment,
  last: assessment,
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

/** Without the course of its edge, and with the latest assessment. */
export function episodeView(episode: Episode): EpisodeView {
  const { course: _course, ...plain } = plainEpisode(episode)
  return { ...plain, lastTs: isoFromUs(episode.lastUs), last: plainAssessment(episode.last) }
}
