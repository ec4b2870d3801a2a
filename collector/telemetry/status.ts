/** What a running collector says of itself on `/status`: its shape, and how it is put together from the rooms. */

import { hostname } from 'node:os'

import { z } from 'zod'

import { SIZE_GROUPS, type StatedUnit } from '../../market/stock-sizes/detector.ts'
import type { StockSizes } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { CONNECTION_STATES, type ConnectionStatus, isConnected } from '../ib/link/connection.ts'
import type { EntitlementRow } from '../lines/entitlements.ts'
import type { LineCounts } from '../lines/line.ts'
import { messageOf } from '../../market/errors.ts'
import type { OpenGap } from '../gaps/missing.ts'
import type { Counts } from './counts.ts'
import type { Events } from './events/index.ts'
import { gatewaySchema, type ShownGateway } from './gateways.ts'
import { stockSizeAdvice } from './stock-size-advice.ts'

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
    /** See docs/connection.md. */
    state: z.enum(CONNECTION_STATES),
    connectedSince: moment.nullable(),
    /** When the connection was lost, or else the start. */
    disconnectedSince: moment.nullable(),
    reconnects: count,
    /** Why it is not connected. */
    fault: z.string().nullable(),
    /** What keeps data away although it is connected. */
    hindrances: z.array(z.string()),
    /** The gateway says that it has lost IB: no data comes, though it is connected. */
    ibIsAway: z.boolean(),
  }),
  /** Each connection, where there are several; `gateway` is of all of them then: its state is the best of any. */
  gateways: z.array(gatewaySchema).optional(),
  /** Why it is not ready, as `/readyz` says it; empty when it is. */
  notReady: z.array(z.string()),
  /** Market data: `silentMs` is how long none came on any line although it is expected, null while that is well. */
  data: z.object({ lastTick: moment.nullable(), expected: z.boolean(), silentMs: z.number().nullable() }),
  /**
   * Market-data lines: wanted are those that are open, asked for, without a line (the limit), paused and refused. `limit` is of the
   * settings, `learnedLimit` the gateway's, once it has refused more.
   */
  lines: z.object({
    limit: count,
    learnedLimit: count.nullable(),
    wanted: count,
    open: count,
    /** Open, and doubted: data stopped, or came after a refusal. */
    silent: count,
    asked: count,
    withoutLine: count,
    paused: count,
    refused: count,
  }),
  /** The same of tick-by-tick lines. */
  tickByTick: z.object({ wanted: count, open: count, refused: count }),
  /**
   * The unit of the sizes of US stocks, for each group of them that is known (market/tick.ts), shares in a lot by contract where they were
   * measured, and what to do about it.
   */
  stockSizes: z.object({
    setting: z.enum(['shares', 'lots', 'detect']),
    known: z.array(
      z.object({
        of: z.enum(['quotes', 'rt-volume', 'tick-by-tick', 'volume']),
        unit: z.enum(['shares', 'lots']),
        how: z.enum(['stated', 'inferred']),
        evidence: z.string().optional(),
        doubted: z.literal(true).optional(),
      }),
    ),
    lots: z.record(z.string(), z.number()),
    advice: z.array(z.string()),
  }),
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
  /** What the database does not have yet, bytes in memory included, and what is wrong with the journal. */
  journal: z.object({ segments: count, bytes: count, limitBytes: count, batches: count, fault: z.string().nullable() }),
  database: z.object({
    server: z.string().nullable(),
    answering: z.boolean().nullable(),
    lastCommit: moment.nullable(),
    /** Of the newest batches: rows that were committed and are gone. Null before the first check. */
    missingRows: count.nullable(),
    fault: z.string().nullable(),
  }),
  gaps: z.object({
    total: count,
    /** `lines`: of so many single lines; absent: of all, or of those of a farm. */
    open: z.array(z.object({ from: moment, cause: z.string(), lines: count.optional() })),
    last: z.array(z.object({ from: moment, to: moment, cause: z.string() })),
  }),
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
  journal: () => { segments: number; bytes: number; limitBytes: number; fault: string | undefined }
  gateway: { host: string; port: number; clientId: number; clock: 'wall' | 'gateway' }
  counts: Counts
  events: Events
  /** Undefined until recording has begun. */
  session: () => { id: number; marketTimeUs: number } | undefined
  /** `port`: of the connection, or of the next attempt. */
  connection: () => ConnectionStatus & { port: number }
  /** Each connection; undefined when there is one. */
  gateways: () => ShownGateway[] | undefined
  /** In place of what the events say of the one connection. */
  feedSeen?: (() => Pick<Seen, 'connectedAtMs' | 'lostAtMs' | 'feedFault'>) | undefined
  ibIsAway: () => boolean
  notReady: () => string[]
  /** Time of the last tick; whether data is expected now; for how long none came although it is. */
  data: () => { lastTickUs: number | undefined; expected: boolean; silentMs: number | undefined }
  openGaps: () => readonly OpenGap[]
  lineLimit: () => number
  learnedLineLimit: () => number | undefined
  marketData: () => LineCounts
  tickByTick: () => LineCounts
  stockSizes: () => { stated: StatedUnit; sizes: StockSizes }
  lagMs: () => number | undefined
  pendingBatches: () => number
  /** Batches wait, and the database says nothing, not even no. */
  databaseSilent: () => boolean
  /** What the database is, once that is known. */
  databaseServer: () => string | undefined
  missingRows: () => number | undefined
  entitlements: () => readonly EntitlementRow[]
}

/** What events have said, for the status. */
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
/** A rate is an average over this time. */
const RATE_MS = 10_000

/** What the events say from now on. */
function remember(events: Events): Seen {
  const seen: Seen = { gaps: [] }
  const keep = ({ fromTsUs, toTsUs, cause }: Seen['gaps'][number]) => {
    seen.gaps = [...seen.gaps, { fromTsUs, toTsUs, cause }].slice(-GAPS_KEPT)
  }
  events.on('feedUp', () => {
    seen.connectedAtMs = Date.now()
    seen.feedFault = undefined
  })
  events.on('feedDown', ({ reason }) => {
    if (seen.connectedAtMs !== undefined) seen.lostAtMs = Date.now()
    seen.connectedAtMs = undefined
    seen.feedFault = reason
  })
  events.on('databaseUp', () => {
    seen.databaseAnswers = true
    seen.committedAtMs = Date.now()
    seen.databaseFault = undefined
  })
  events.on('databaseDown', ({ error }) => {
    seen.databaseAnswers = false
    seen.databaseFault = messageOf(error)
  })
  events.on('gapNamed', keep)
  events.on('ticksDropped', (dropped) => {
    if (dropped.named) keep(dropped)
  })
  return seen
}

export interface StatusPage {
  /** To be called several times in each second: rates are told from what is counted here. */
  sample: () => void
  read: () => Status
}

export function createStatusPage(sources: StatusSources): StatusPage {
  const { counts, gateway } = sources
  const seen = remember(sources.events)
  const startedMs = Date.now()
  const samples: { ms: number; messages: number }[] = []
  return {
    sample: () => {
      const ms = performance.now()
      samples.push({ ms, messages: counts.messages })
      while (ms - (samples[0]?.ms ?? ms) > RATE_MS) samples.shift()
    },
    read: () => {
      const { fault: journalFault, ...journal } = sources.journal()
      const { tickByTick, pendingBatches } = sources
      const session = sources.session()
      const bySecond = tickByTick()
      const data = sources.data()
      const gateways = sources.gateways()
      return {
        program: 'tapedeck',
        version: sources.version,
        node: process.version,
        host: hostname(),
        pid: process.pid,
        dataDir: sources.dataDir,
        runningSince: isoFromMs(startedMs),
        session: session ? { id: session.id, clock: gateway.clock, marketTime: isoFromUs(session.marketTimeUs) } : null,
        gateway: gatewayOf(sources, sources.feedSeen?.() ?? seen, startedMs),
        ...(gateways && { gateways }),
        notReady: sources.notReady(),
        data: {
          lastTick: data.lastTickUs === undefined ? null : isoFromUs(data.lastTickUs),
          expected: data.expected,
          silentMs: data.silentMs ?? null,
        },
        lines: linesOf(sources),
        tickByTick: { wanted: sum(bySecond), open: bySecond.open, refused: bySecond.refused },
        stockSizes: stockSizesOf(sources.stockSizes()),
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
          answering: sources.databaseSilent() ? false : (seen.databaseAnswers ?? null),
          lastCommit: seen.committedAtMs === undefined ? null : isoFromMs(seen.committedAtMs),
          missingRows: sources.missingRows() ?? null,
          fault: seen.databaseFault ?? (sources.databaseSilent() ? 'it does not answer' : null),
        },
        gaps: {
          total: counts.gaps,
          open: sources
            .openGaps()
            .map(({ fromTsUs, cause, lines }) => ({ from: isoFromUs(fromTsUs), cause, ...(lines !== undefined && { lines }) })),
          last: seen.gaps.map(({ fromTsUs, toTsUs, cause }) => ({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause })),
        },
        entitlements: sources.entitlements().map((row) => ({ ...row, reasons: [...row.reasons] })),
      }
    },
  }
}

function gatewayOf(
  { gateway, counts, connection, ibIsAway }: StatusSources,
  seen: Omit<Seen, 'gaps'>,
  startedMs: number,
): Status['gateway'] {
  const { state, reasons, port } = connection()
  return {
    host: gateway.host,
    port,
    clientId: gateway.clientId,
    state,
    hindrances: isConnected(state) ? [...reasons] : [],
    connectedSince: seen.connectedAtMs === undefined ? null : isoFromMs(seen.connectedAtMs),
    disconnectedSince: seen.connectedAtMs === undefined ? isoFromMs(seen.lostAtMs ?? startedMs) : null,
    reconnects: counts.reconnects,
    fault: seen.feedFault ?? null,
    ibIsAway: ibIsAway(),
  }
}

function linesOf({ lineLimit, learnedLineLimit, marketData }: StatusSources): Status['lines'] {
  const { open, queued, asked, idle, silent, paused, refused, 'no-line': withoutLine } = marketData()
  return {
    limit: lineLimit(),
    learnedLimit: learnedLineLimit() ?? null,
    wanted: sum(marketData()),
    open,
    asked: queued + asked + idle,
    withoutLine,
    silent,
    paused,
    refused,
  }
}

function stockSizesOf({ stated, sizes }: ReturnType<StatusSources['stockSizes']>): Status['stockSizes'] {
  const known = SIZE_GROUPS.flatMap((of) => {
    const unit = sizes.groups[of]
    return unit ? [{ of, ...unit }] : []
  })
  return { setting: stated, known, lots: { ...sizes.lots }, advice: stockSizeAdvice(sizes) }
}

const sum = (counts: LineCounts) => Object.values(counts).reduce((total, lines) => total + lines, 0)
const isoFromMs = (ms: number) => new Date(ms).toISOString()

function rate(samples: readonly { ms: number; messages: number }[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.ms === first.ms) return 0
  return Math.round((last.messages - first.messages) / ((last.ms - first.ms) / 1000))
}
