/** Reads one recorded session out of the database, in order, as a stream of chunks: its ticks alone, or all of its records. */

import type pg from 'pg'

import type { Contract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import {
  type CarryRecord,
  carryKey,
  type ContractRecord,
  type ControlRecord,
  type SessionEvent,
  type TapeRecord,
  type Tick,
} from '../../market/tick.ts'
import { readInstruments } from '../write/instruments.ts'
import { readControlRecords } from './control-records.ts'
import { findSession, type RecordedSession } from './sessions.ts'
import { readMerged, type Selection, withReader } from './table-streams.ts'

export interface TapeQuery {
  /** `latest`: the most recent session that has ticks. */
  sessionId: number | 'latest'
  /** Microseconds since 1970 UTC; the first one that is read. */
  fromUs?: number | undefined
  /** The first one that is no longer read. */
  toUs?: number | undefined
  /** Only instruments of these tickers, and those written on them. */
  symbols?: readonly string[] | undefined
  /** Symbols that the session does not have are no error. */
  skipUnknownSymbols?: boolean | undefined
  /** Also ticks that a rule quarantined or the database refused, with their verdict. */
  includeQuarantined?: boolean | undefined
}

export interface TapeReader {
  session: RecordedSession
  /** Explains `instrument` of ticks and records. A rejected tick without an instrument has the instrument 0, which is not in here. */
  contracts: ReadonlyMap<number, Contract>
  /**
   * Ticks in the order of (tsUs, seq). May be called again; each call reads anew. Returning early cancels the queries.
   *
   * @throws FeedError when the database cannot be read
   */
  ticks(): AsyncGenerator<Tick[]>
  /**
   * Ticks and control records. Each instrument's contract comes before its first other record, option values have their inputs, and it is
   * known what was known of the sizes of stocks, also when those were recorded before `fromUs`; the other control records are those from
   * `fromUs` to before `toUs`.
   */
  records(): AsyncGenerator<TapeRecord[]>
}

/**
 * Finds the session and its instruments; ticks are read when they are asked for.
 *
 * @throws FeedError when there is no such session or symbol, or the database cannot be read
 */
export async function openTapeReader({ url }: { url: string }, query: TapeQuery): Promise<TapeReader> {
  return withReader(url, async (client) => {
    const { firstTsUs, lastTsUs, ...session } = await findSession(client, query.sessionId)
    const contracts = await readInstruments(client, session.sessionId)
    const selection: Selection = {
      sessionId: session.sessionId,
      // The session's own bounds let the server skip the chunks of other days.
      fromUs: Math.max(query.fromUs ?? firstTsUs, firstTsUs),
      toUs: Math.min(query.toUs ?? lastTsUs + 1, lastTsUs + 1),
      instrumentIds: query.symbols && instrumentsOf(query.symbols, contracts, query.skipUnknownSymbols),
      includeQuarantined: query.includeQuarantined === true,
    }
    return {
      session,
      contracts,
      ticks: () => readMerged(url, selection, async () => []),
      records: () => readMerged<TapeRecord>(url, selection, (main) => readControls(main, query, selection)),
    }
  })
}

function instrumentsOf(symbols: readonly string[], contracts: ReadonlyMap<number, Contract>, skipUnknown = false): number[] {
  const known = new Set([...contracts.values()].map(({ symbol }) => symbol))
  const unknown = symbols.filter((symbol) => !known.has(symbol))
  if (unknown.length > 0 && !skipUnknown)
    throw new FeedError(`The session has no ticks of ${unknown.join(', ')}. It has: ${[...known].sort().join(', ') || 'nothing'}.`, {
      code: 'unknown-symbol',
    })
  return [...contracts].filter(([, { symbol }]) => symbols.includes(symbol)).map(([id]) => id)
}

/** Control records within the query's own bounds, which may lie before the first tick and behind the last; and every contract and carry. */
async function readControls(
  client: pg.Client,
  query: TapeQuery,
  { sessionId, instrumentIds, fromUs }: Selection,
): Promise<ControlRecord[]> {
  const { fromUs: first = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY } = query
  const isWanted = (instrument: number | undefined) =>
    instrument === undefined || instrumentIds === undefined || instrumentIds.includes(instrument)
  const all = await readControlRecords(client, sessionId)
  const records = all.filter((record) => record.tsUs < toUs && isWanted('instrument' in record ? record.instrument : undefined))
  /** Contracts, and inputs of option values, as they stood at the first moment that is read. */
  const before = new Map<number, ContractRecord>()
  let sizesBefore: SessionEvent | undefined
  const carry = new Map<string, CarryRecord>()
  const within: ControlRecord[] = []
  const explained = new Set<number>()
  for (const record of records) {
    if (record.kind === 'contract') explained.add(record.instrument)
    if (record.tsUs >= first) within.push(record)
    else if (record.kind === 'contract') before.set(record.instrument, record)
    else if (record.kind === 'session' && record.event === 'sizes') sizesBefore = record
    else if (record.kind === 'carry') carry.set(carryKey(record), record)
  }
  // A session that was recorded before control records were kept whole, or whose contract record was refused.
  const tsUs = Math.min(fromUs, all[0]?.tsUs ?? fromUs)
  for (const [instrument, contract] of await readInstruments(client, sessionId))
    if (!explained.has(instrument) && isWanted(instrument)) before.set(instrument, { kind: 'contract', seq: 0, tsUs, instrument, contract })
  const known = [...before.values(), ...carry.values(), ...(sizesBefore ? [sizesBefore] : [])]
  return [...known.sort((a, b) => a.tsUs - b.tsUs || a.seq - b.seq), ...within]
}
