/** Prometheus metrics, all `tapedeck_*` in base units with bounded labels. Counters are read from Counts when scraped. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

import type { OpenGap } from '../gaps/missing.ts'
import type { JournalBound } from '../journal/bound.ts'
import { CONNECTION_STATES, type ConnectionState, isConnected } from '../ib/link/connection.ts'
import type { LineCounts } from '../lines/line.ts'
import { marksText } from '../../market/marks.ts'
import { SIZE_GROUPS } from '../../market/stock-sizes/detector.ts'
import type { StockSizes } from '../../market/tick.ts'
import { type Counts, DROP_REASONS, unaccounted } from './counts.ts'
import type { DiskSpace } from './disk-space.ts'
import type { StorageWatch } from './storage-watch.ts'

export interface Metrics {
  registry: Registry
  journalSync: (sync: { seconds: number; bytes: number }) => void
  /** @param ageMs from the batch's first record on the socket to its commit; undefined for one that was found in the journal */
  committed: (commitMs: number, ageMs: number | undefined) => void
  /** Adds the figures of parts that are created behind the metrics. */
  watch: (parts: WatchedParts) => void
}

export interface WatchedParts {
  connection: () => ConnectionState
  pendingBatches: () => number
  lines: () => Readonly<Record<'market-data' | 'tick-by-tick', LineCounts>>
  openGaps: () => readonly OpenGap[]
  missingRows: () => number
  silentMs: () => number | undefined
  stockSizes: () => StockSizes
  /** Whether trading is going on in which data should come, connected or not. */
  dataExpected: () => boolean
  /** What is wrong with the journal. */
  journalTrouble: () => string | undefined
  disk: Pick<DiskSpace, 'freeBytes' | 'sizeBytes' | 'reservedBytes'>
  databaseUp: () => boolean
  /** How long the oldest batch has been waiting for the database. */
  commitLagMs: () => number
  storage: Pick<StorageWatch, 'jobs'>
  /** Why it is not ready; empty when it is. */
  notReady: () => readonly string[]
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes metrics that are read when they are scraped. */
export function readers(registry: Registry) {
  const registers = [registry]
  return {
    counter: (name: string, help: string, read: () => number) =>
      new Counter({
        name: `tapedeck_${name}`,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read())
        },
      }),
    gauge: (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `tapedeck_${name}`,
        help,
        registers,
        collect() {
          this.set(read())
        },
      }),
  }
}

export function createMetrics(counts: Counts, bound: JournalBound): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const { counter } = readers(registry)

  counter('messages_total', 'Messages of the gateway.', () => counts.messages)
  counter(
    'messages_unreadable_total',
    'Messages of the gateway that could not be decoded: what they said is lost.',
    () => counts.unreadable,
  )
  new Counter({
    name: 'tapedeck_messages_unmapped_total',
    help: "Messages whose tick type has no place on the tape, by IB's number of the type.",
    labelNames: ['type'],
    registers,
    collect() {
      this.reset()
      for (const [type, messages] of counts.unmapped) this.inc({ type }, messages)
    },
  })
  counter('ticks_received_total', 'Whole ticks assembled from messages.', () => counts.received)
  counter('ticks_written_total', 'Ticks committed to their tables.', () => counts.written)
  counter('ticks_quarantined_total', 'Ticks committed to rejected_ticks.', () => counts.quarantined)
  new Counter({
    name: 'tapedeck_ticks_dropped_total',
    help: 'Ticks that were not recorded, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      // From 0 on: the first drop must show as a step.
      for (const reason of new Set([...DROP_REASONS, ...counts.dropped.keys()])) this.inc({ reason }, counts.dropped.get(reason) ?? 0)
    },
  })
  new Counter({
    name: 'tapedeck_ticks_marked_total',
    help: 'Recorded ticks with a mark, by mark: docs/marks.md.',
    labelNames: ['mark'],
    registers,
    collect() {
      this.reset()
      for (const [marks, ticks] of counts.marked) for (const mark of (marksText(marks) ?? '').split(',')) this.inc({ mark }, ticks)
    },
  })
  countStores(registry, counts, bound)

  const syncBytes = new Counter({ name: 'tapedeck_journal_bytes_total', help: 'Bytes appended to the journal.', registers })
  const histogram = (name: string, help: string) => new Histogram({ name: `tapedeck_${name}`, help, buckets: SECONDS, registers })
  const syncSeconds = histogram('journal_sync_seconds', 'Time to make one group of blocks durable.')
  const commitSeconds = histogram('commit_seconds', 'Time to write and commit one batch.')
  const batchSeconds = histogram('batch_age_seconds', "From the arrival of a batch's first record to its commit.")
  return {
    registry,
    watch: (parts) => watchParts(registry, parts),
    journalSync: ({ seconds, bytes }) => {
      syncSeconds.observe(seconds)
      syncBytes.inc(bytes)
    },
    committed: (commitMs, ageMs) => {
      commitSeconds.observe(commitMs / 1000)
      if (ageMs !== undefined) batchSeconds.observe(ageMs / 1000)
    },
  }
}

/** What becomes of ticks behind the recorder, and what went wrong. */
function countStores(registry: Registry, counts: Counts, bound: JournalBound): void {
  const { counter, gauge } = readers(registry)
  gauge('ticks_in_flight', 'Ticks in the journal that the database has not committed.', () => counts.inFlight)
  gauge('ticks_unaccounted', 'Received minus written, quarantined, dropped and in flight. Anything but 0 is a defect.', () =>
    unaccounted(counts),
  )
  counter('recovered_ticks_total', 'Ticks of earlier sessions found in the journal at start.', () => counts.recovered.found)
  counter('recovered_ticks_committed_total', 'Of these, committed since.', () => counts.recovered.committed)
  counter('recovered_records_lost_total', 'Records of earlier sessions that damage to the journal has taken.', () => counts.recovered.lost)
  counter('batches_committed_total', 'Batches committed.', () => counts.batches.committed)
  counter('batches_already_committed_total', 'Batches found committed after an uncertain answer.', () => counts.batches.alreadyCommitted)
  gauge('journal_unreleased_bytes', 'Bytes of journal files of which the database has not everything.', () => bound.segmentBytes)
  gauge('journal_waiting_bytes', 'Bytes that wait in memory for the disk of the journal.', () => bound.waitingBytes)
  gauge('journal_limit_bytes', 'Size of both together at which ticks are dropped.', () => bound.limits.limitBytes)
  counter('feed_gaps_total', 'Gaps in the recording that were named.', () => counts.gaps)
  counter('feed_connects_total', 'Connections to the gateway that were made.', () => counts.connects)
  counter('feed_reconnects_total', 'Connections to the gateway that were lost or failed.', () => counts.reconnects)
  countersBy(registry, {
    name: 'troubles_total',
    help: 'Events that a person should look at, by kind; the log has each with its details: docs/operating.md.',
    label: 'kind',
    read: () => counts.troubles,
  })
  countersBy(registry, {
    name: 'database_failures_total',
    help: 'Attempts to store a batch that failed and are repeated, by reason.',
    label: 'reason',
    read: () => counts.databaseRefusals,
  })
}

/** One counter with a label whose values are the keys of what `read` returns. */
function countersBy(
  registry: Registry,
  { name, help, label, read }: { name: string; help: string; label: string; read: () => Readonly<Record<string, number>> },
): void {
  new Counter({
    name: `tapedeck_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count)
    },
  })
}

/** Where what is recorded goes: the disk of the journal, the database, its jobs. */
function watchStores(registry: Registry, { journalTrouble, disk, databaseUp, commitLagMs, storage }: WatchedParts): void {
  const { gauge } = readers(registry)
  gauge('journal_failing', '1 while the journal does not take ticks, or not safely.', () => (journalTrouble() === undefined ? 0 : 1))
  gauge('journal_disk_free_bytes', 'Free space of the disk of the journal, for users without privileges.', () => disk.freeBytes)
  gauge('journal_disk_size_bytes', 'Size of the disk of the journal.', () => disk.sizeBytes)
  gauge('journal_disk_reserved_bytes', 'Free space that the journal leaves to others: journal.minFreeBytes.', () => disk.reservedBytes)
  gauge('database_up', '0 while batches wait and the database takes none; 1 otherwise, also while there is nothing to store.', () =>
    databaseUp() ? 1 : 0,
  )
  gauge(
    'commit_lag_seconds',
    'How long the oldest batch that is not committed has been waiting; 0 without one.',
    () => commitLagMs() / 1000,
  )
  new Gauge({
    name: 'tapedeck_aggregate_overdue_seconds',
    help: 'For how long a successful refresh of a continuous aggregate has been overdue by its policy; 0 while it is on time.',
    labelNames: ['aggregate'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { job, on, overdueSeconds } of storage.jobs) if (job === 'refresh') this.set({ aggregate: on }, overdueSeconds)
    },
  })
  new Gauge({
    name: 'tapedeck_database_job_failed',
    help: '1 when the last run of a background job of the database failed, 0 otherwise.',
    // `job` is Prometheus' own label.
    labelNames: ['policy', 'on'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { job, on, failed } of storage.jobs) this.set({ policy: job, on }, failed ? 1 : 0)
    },
  })
}

function watchParts(registry: Registry, parts: WatchedParts): void {
  const { connection, pendingBatches, lines, openGaps, missingRows, silentMs, stockSizes, notReady } = parts
  const { gauge } = readers(registry)
  watchStores(registry, parts)
  gauge('data_expected', '1 while market data is expected by the calendar of the exchange: not at night, on holidays or in a halt.', () =>
    parts.dataExpected() ? 1 : 0,
  )
  gauge('ready', '1 while /readyz says that it is ready.', () => (notReady().length === 0 ? 1 : 0))
  gauge('batches_pending', 'Batches that wait for the database.', pendingBatches)
  gauge('lines_open', 'Market-data lines that are open and not doubted.', () => lines()['market-data'].open)
  new Gauge({
    name: 'tapedeck_lines',
    help: 'Wanted lines by feed and state; no-line: waits because the gateway has none left.',
    labelNames: ['feed', 'state'],
    registers: [registry],
    collect() {
      for (const [feed, states] of Object.entries(lines()))
        for (const [state, count] of Object.entries(states)) this.set({ feed, state }, count)
    },
  })
  gauge('feed_up', '1 while connected to the gateway.', () => (isConnected(connection()) ? 1 : 0))
  new Gauge({
    name: 'tapedeck_gateway_state',
    help: '1 for the state of the connection to the gateway, 0 for the others.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of CONNECTION_STATES) this.set({ state }, state === connection() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'tapedeck_stock_sizes',
    help: '1 for the unit that a group of sizes of US stocks comes in, as stated or inferred, 0 for the others.',
    labelNames: ['of', 'unit'],
    registers: [registry],
    collect() {
      const { groups } = stockSizes()
      for (const of of SIZE_GROUPS)
        for (const unit of ['shares', 'lots', 'unknown'] as const) this.set({ of, unit }, unit === (groups[of]?.unit ?? 'unknown') ? 1 : 0)
    },
  })
  gauge('stock_sizes_doubted', 'Groups of sizes of US stocks that do not look as gateway.stockSizes says.', () =>
    SIZE_GROUPS.reduce((doubted, of) => doubted + Number(stockSizes().groups[of]?.doubted === true), 0),
  )
  gauge('rows_missing', 'Rows of the newest batches that were committed and are gone from the database.', missingRows)
  gauge('gaps_open', 'Gaps in the recording that are open now.', () => openGaps().length)
  new Gauge({
    name: 'tapedeck_lines_missing',
    help: 'Wanted lines that have no data though not all lines are without, by cause.',
    labelNames: ['cause'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { cause, lines } of openGaps()) if (lines !== undefined) this.set({ cause }, lines)
    },
  })
  gauge(
    'data_silent_seconds',
    'For how long no tick came on any line although data is expected; 0 while that is well.',
    () => (silentMs() ?? 0) / 1000,
  )
}
