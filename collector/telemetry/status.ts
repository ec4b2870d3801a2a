/** What a running collector tells of itself on `/status`: its shape, and how it is put together from the rooms. */

import { hostname } from 'node:os'

import { z } from 'zod'

import { isoFromUs } from '../../market/time.ts'
import type { EntitlementRow } from '../lines/entitlements.ts'
import type { LineCounts } from '../lines/subscriptions.ts'
import type { Counts } from './counts.ts'
import type { Events } from './events.ts'

const count = z.int().nonnegative()
const moment = z.iso.datetime({ precision: null })

export const statusSchema = z.object({
  program: z.literal('tapedeck'),
  version: z.string(),
  node: z.string(),
  host: z.string(),
  pid: count,
  dataDir: z.string(),
  /** Of the machine, like all `…Since` and `lastCommit`; the others are times of the market's clock. */
  runningSince: moment,
  session: z.object({ id: count, clock: z.enum(['wall', 'gateway']), marketTime: moment }).nullable(),
  gateway: z.object({
    host: z.string(),
    port: count,
    clientId: count,
    state: z.enum(['connecting', 'up', 'stopped']),
    connectedSince: moment.nullable(),
    /** When the connection was lost, or else the start. */
    disconnectedSince: moment.nullable(),
    reconnects: count,
    /** Why it is not connected. */
    fault: z.string().nullable(),
  }),
  /**
   * Market-data lines: wanted are those that are open, asked for, without a line (the limit), paused and refused. `limit` is of the
   * settings, `learnedLimit` the gateway's, once it has refused more.
   */
  lines: z.object({
    limit: count,
    learnedLimit: count.nullable(),
    wanted: count,
    open: count,
    asked: count,
    withoutLine: count,
    paused: count,
    refused: count,
  }),
  /** The same of tick-by-tick lines. */
  tickByTick: z.object({ wanted: count, open: count, refused: count }),
  messages: z.object({ total: count, perSecond: z.number().nonnegative() }),
  ticks: z.object({
    received: count,
    written: count,
    quarantined: count,
    dropped: z.record(z.string(), count),
    inFlight: z.int(),
  }),
  /** Of the last batch that was committed, from socket to commit. */
  lagMs: z.number().nullable(),
  /** What the database does not have yet, and what is wrong with the journal. */
  journal: z.object({ segments: count, bytes: count, limitBytes: count, batches: count, fault: z.string().nullable() }),
  database: z.object({
    server: z.string().nullable(),
    answering: z.boolean().nullable(),
    lastCommit: moment.nullable(),
    fault: z.string().nullable(),
  }),
  gaps: z.object({ total: count, last: z.array(z.object({ from: moment, to: moment, cause: z.string() })) }),
  entitlements: z.array(
    z.object({
      symbol: z.string(),
      kind: z.string(),
      asked: count,
      live: count,
      delayed: count,
      partly: count,
      refused: count,
      reasons: z.array(z.object({ code: z.int().optional(), lines: count, text: z.string() })),
    }),
  ),
})

export type Status = z.output<typeof statusSchema>

export interface StatusSources {
  version: string
  dataDir: string
  /** Bytes in memory count too. */
  journal: () => { segments: number; bytes: number; limitBytes: number; fault: string | undefined }
  gateway: { host: string; port: number; clientId: number; clock: 'wall' | 'gateway' }
  counts: Counts
  seen: Seen
  /** Undefined until recording has begun. */
  session: () => { id: number; marketTimeUs: number } | undefined
  feed: () => Status['gateway']['state']
  lineLimit: () => number
  learnedLineLimit: () => number | undefined
  marketData: () => LineCounts
  tickByTick: () => LineCounts
  lagMs: () => number | undefined
  pendingBatches: () => number
  /** What the database is, once that is known. */
  databaseServer: () => string | undefined
  entitlements: () => readonly EntitlementRow[]
}

/** What events have told, for the status. */
interface Seen {
  connectedAtMs?: number | undefined
  lostAtMs?: number
  feedFault?: string | undefined
  /** Absent until it was tried. */
  databaseAnswers?: boolean
  committedAtMs?: number
  databaseFault?: string | undefined
  gaps: { fromTsUs: number; toTsUs: number; cause: string }[]
}

const GAPS_KEPT = 5
/** A rate is told over this time. */
const RATE_MS = 10_000

/** The same events, which are also remembered. */
export function rememberEvents(events: Events): { events: Events; seen: Seen } {
  const seen: Seen = { gaps: [] }
  const keep = ({ fromTsUs, toTsUs, cause }: Seen['gaps'][number]) => {
    seen.gaps = [...seen.gaps, { fromTsUs, toTsUs, cause }].slice(-GAPS_KEPT)
  }
  const remembered: Events = {
    ...events,
    feedUp: (host, port) => {
      seen.connectedAtMs = Date.now()
      seen.feedFault = undefined
      events.feedUp(host, port)
    },
    feedDown: (reason, retryMs) => {
      if (seen.connectedAtMs !== undefined) seen.lostAtMs = Date.now()
      seen.connectedAtMs = undefined
      seen.feedFault = reason
      events.feedDown(reason, retryMs)
    },
    databaseUp: () => {
      seen.databaseAnswers = true
      seen.committedAtMs = Date.now()
      seen.databaseFault = undefined
      events.databaseUp()
    },
    databaseDown: (error, retryMs, batch) => {
      seen.databaseAnswers = false
      seen.databaseFault = error instanceof Error ? error.message : String(error)
      events.databaseDown(error, retryMs, batch)
    },
    gap: (gap) => {
      keep(gap)
      events.gap(gap)
    },
    dropped: (hole, named) => {
      if (named) keep(hole)
      events.dropped(hole, named)
    },
  }
  return { events: remembered, seen }
}

export interface StatusPage {
  /** To be called several times in each second: rates are told from what is counted here. */
  sample: () => void
  read: () => Promise<Status>
}

export function createStatusPage(sources: StatusSources): StatusPage {
  const { counts, seen, gateway } = sources
  const startedMs = Date.now()
  const samples: { ms: number; messages: number }[] = []
  return {
    sample: () => {
      const ms = performance.now()
      samples.push({ ms, messages: counts.messages })
      while (ms - (samples[0]?.ms ?? ms) > RATE_MS) samples.shift()
    },
    read: async () => {
      const { fault: journalFault, ...journal } = sources.journal()
      const { lineLimit, marketData, tickByTick, pendingBatches } = sources
      const session = sources.session()
      const { open, queued, requested, idle, paused, refused, 'no-line': withoutLine } = marketData()
      const bySecond = tickByTick()
      return {
        program: 'tapedeck',
        version: sources.version,
        node: process.version,
        host: hostname(),
        pid: process.pid,
        dataDir: sources.dataDir,
        runningSince: isoFromMs(startedMs),
        session: session ? { id: session.id, clock: gateway.clock, marketTime: isoFromUs(session.marketTimeUs) } : null,
        gateway: {
          host: gateway.host,
          port: gateway.port,
          clientId: gateway.clientId,
          state: sources.feed(),
          connectedSince: seen.connectedAtMs === undefined ? null : isoFromMs(seen.connectedAtMs),
          disconnectedSince: seen.connectedAtMs === undefined ? isoFromMs(seen.lostAtMs ?? startedMs) : null,
          reconnects: counts.reconnects,
          fault: seen.feedFault ?? null,
        },
        lines: {
          limit: lineLimit(),
          learnedLimit: sources.learnedLineLimit() ?? null,
          wanted: sum(marketData()),
          open,
          asked: queued + requested + idle,
          withoutLine,
          paused,
          refused,
        },
        tickByTick: { wanted: sum(bySecond), open: bySecond.open, refused: bySecond.refused },
        messages: { total: counts.messages, perSecond: rate(samples) },
        ticks: {
          received: counts.received,
          written: counts.written,
          quarantined: counts.quarantined,
          dropped: Object.fromEntries(counts.dropped),
          inFlight: counts.inFlight,
        },
        lagMs: sources.lagMs() ?? null,
        journal: { ...journal, batches: pendingBatches(), fault: journalFault ?? null },
        database: {
          server: sources.databaseServer() ?? null,
          answering: seen.databaseAnswers ?? null,
          lastCommit: seen.committedAtMs === undefined ? null : isoFromMs(seen.committedAtMs),
          fault: seen.databaseFault ?? null,
        },
        gaps: {
          total: counts.gaps,
          last: seen.gaps.map(({ fromTsUs, toTsUs, cause }) => ({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause })),
        },
        entitlements: sources.entitlements().map((row) => ({ ...row, reasons: [...row.reasons] })),
      }
    },
  }
}

const sum = (counts: LineCounts) => Object.values(counts).reduce((total, lines) => total + lines, 0)
const isoFromMs = (ms: number) => new Date(ms).toISOString()

function rate(samples: readonly { ms: number; messages: number }[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.ms === first.ms) return 0
  return Math.round((last.messages - first.messages) / ((last.ms - first.ms) / 1000))
}
