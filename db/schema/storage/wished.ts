/** The storage that is wished for, as data. Pure. */

import { BAR_AGGREGATES, BAR_REFRESH_POLICIES, STORED_DAYS } from './bars/index.ts'
import { intervalOf, secondsOf } from './interval.ts'
import type { BatchSize, Columnstore, CompressionPolicy, Hypertable, RetentionPolicy, StorageObject } from './objects.ts'
import { DEFAULT_STORAGE, OFF, RETAINED_TABLES, type RetainedTable, type StorageSettings } from './settings.ts'

/** Of all ticks, as recorded of underlyings with their chains; findings: a rule that flags wide quotes of options finds many. */
const SHARES: Readonly<Record<RetainedTable, number>> = { quotes: 0.7, trades: 0.1, option_greeks: 0.3, statistics: 0.1, findings: 0.3 }
/** Of a row with its indexes, before it is compressed; docs/storage.md has the measured figures. */
const ROW_BYTES = 200
/** A chunk and its indexes should stay in memory while it is written. */
const CHUNK_BYTES = 2 * 2 ** 30
const TRADING_SECONDS = 6.5 * 3600
const DAY = 86_400
/** Lengths of chunks, each a divisor of the day. */
const LENGTHS = [DAY, 12 * 3600, 6 * 3600, 4 * 3600, 2 * 3600, 3600, 1800, 900]

/**
 * A quarter of what the server takes by itself: the newest quote of each option of a chain is found in less time, for an eighth more bytes
 * (docs/storage.md).
 */
export const BATCH_ROWS = 250
const BATCHES: BatchSize = { kind: 'batch-size', on: 'quotes', rows: BATCH_ROWS }

/** On a server that can do everything; `plan.ts` leaves out what this one cannot. */
export function wishedStorage(settings: StorageSettings = DEFAULT_STORAGE): StorageObject[] {
  return [...tickStorage(settings), BATCHES, ...BAR_AGGREGATES, ...BAR_REFRESH_POLICIES, STORED_DAYS]
}

function tickStorage(settings: StorageSettings): StorageObject[] {
  return RETAINED_TABLES.flatMap((table) => {
    const hypertable: Hypertable = { kind: 'hypertable', table, ...chunksOf(table, settings) }
    const columnstore: Columnstore = {
      kind: 'columnstore',
      table,
      segmentBy: ['instrument_id'],
      // `seq` for the same reason as in the index: the order of playback.
      orderBy: ['ts', 'seq'],
    }
    const { compressAfter, retention } = settings
    const compression: CompressionPolicy[] = compressAfter === OFF ? [] : [{ kind: 'compression-policy', on: table, after: compressAfter }]
    const dropping: RetentionPolicy[] = retention[table] === OFF ? [] : [{ kind: 'retention-policy', on: table, after: retention[table] }]
    return [hypertable, columnstore, ...compression, ...dropping]
  })
}

/** The longest chunks that stay in memory at the expected rate, and are closed early enough to be compressed in time. */
function chunksOf(table: RetainedTable, { ticksPerSecond, compressAfter }: StorageSettings): Pick<Hypertable, 'chunkInterval' | 'exact'> {
  const rate = (ticksPerSecond ?? 0) * SHARES[table]
  const waits = compressAfter === OFF ? DAY : secondsOf(compressAfter)
  const fits = (seconds: number) => rate * Math.min(seconds, TRADING_SECONDS) * ROW_BYTES <= CHUNK_BYTES && seconds <= Math.max(waits, 900)
  const length = LENGTHS.find(fits) ?? 900
  return { chunkInterval: intervalOf(length), exact: ticksPerSecond !== undefined || waits < DAY }
}

/** Names of the tables among the objects. */
export function tablesOf(objects: readonly StorageObject[]): string[] {
  return objects.flatMap((object) => (object.kind === 'hypertable' ? [object.table] : []))
}
