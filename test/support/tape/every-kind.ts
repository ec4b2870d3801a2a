/**
 * A tape with every kind of tick, and the account of a recording of it that was disturbed. Each tick carries its number in one of its own
 * values, so that a recorded tick can be matched to the tape's, whatever clock stamped it.
 */

import { expect } from 'vitest'

import { openTapeReader } from '../../../db/read/tape-reader.ts'
import { type Contract, contractKey } from '../../../market/contract.ts'
import { isTick, type TapeRecord, type Tick } from '../../../market/tick.ts'
import { OPEN_US, tapeOf, TWX, twxOption } from '../gateway/gateway-tape.ts'
import { ask } from '../process/collecting.ts'
import { type Gap, type Journaled, journalOf } from './account.ts'

/** A stock and three of its options, which expire so many days behind `fromUs`: a recorder takes no expired ones. */
function contractsAt(fromUs: number): Contract[] {
  const expiry = (days: number) => new Date(fromUs / 1000 + days * 86_400_000).toISOString().slice(0, 10)
  return [
    TWX,
    twxOption({ expiry: expiry(16), strike: 70, right: 'C' }),
    twxOption({ expiry: expiry(16), strike: 70, right: 'P' }),
    twxOption({ expiry: expiry(44), strike: 72.5, right: 'C' }),
  ]
}

const BASES = ['bid', 'ask', 'last', 'model'] as const

/** What is left of the number of a tick when it is divided by eight. */
const REMAINDERS: Readonly<Record<Tick['kind'], readonly number[]>> = { quote: [0, 1, 2], trade: [3, 4, 5], greeks: [6], statistic: [7] }

/** Tick `n` of a tape: the kinds take turns. */
function tickOf(n: number, tsUs: number): Tick {
  const round = Math.floor(n / 8)
  const base = { seq: 0, tsUs, instrument: 0 }
  const price = 70 + (n % 100) / 100
  switch (n % 8) {
    case 0:
      return { ...base, kind: 'quote', instrument: 1 + (round % 3), bidPrice: price, askPrice: price + 0.05, bidSize: n, askSize: n }
    case 1:
      return { ...base, kind: 'quote', bidPrice: price, askPrice: price + 0.01, bidSize: n, askSize: n }
    case 2:
      return { ...base, kind: 'quote', source: 'tick-by-tick', bidPrice: price, askPrice: price + 0.01, bidSize: n, askSize: n }
    case 3:
      return { ...base, kind: 'trade', source: 'last', price, size: n }
    case 4:
      return { ...base, kind: 'trade', source: 'rt-volume', price, size: n, eventTsUs: OPEN_US + n * 1000 }
    case 5:
      return { ...base, kind: 'trade', source: 'tick-by-tick', price, size: n, venue: 'NYSE', conditions: '@', eventTsUs: OPEN_US }
    case 6:
      return greeksOf(n, tsUs, round)
    default:
      return { ...base, kind: 'statistic', name: 'day-volume', value: n }
  }
}

function greeksOf(n: number, tsUs: number, round: number): Tick {
  const basis = BASES[round % BASES.length] ?? 'model'
  const values = { impliedVolatility: 0.25, delta: 0.5, gamma: 0.01, vega: 0.1, theta: -0.02, pvDividend: 0.1, underlyingPrice: 70 }
  return { kind: 'greeks', seq: 0, tsUs, instrument: 1 + (round % 3), basis, ...values, optionPrice: n / 4 }
}

/** The tape's records: `count` ticks, `stepUs` apart, of contracts that live at `nowUs`, the time of who will record it. */
export function everyKind(count: number, stepUs: number, nowUs = OPEN_US): TapeRecord[] {
  return tapeOf(
    Array.from({ length: count }, (_, n) => tickOf(n + 8, OPEN_US + n * stepUs)),
    contractsAt(nowUs),
  )
}

/** Which of the ticks that follow each other on a line this is. */
function streamOf(tick: Tick, contract: string): string {
  if (tick.kind === 'greeks') return `${contract} greeks ${tick.basis}`
  if (tick.kind === 'statistic') return `${contract} statistic ${tick.name}`
  return `${contract} ${tick.kind} ${tick.source ?? 'sampled'}`
}

function numberOf(tick: Tick): number | undefined {
  if (tick.kind === 'quote') return tick.bidSize === tick.askSize ? tick.bidSize : undefined
  if (tick.kind === 'trade') return tick.size
  return tick.kind === 'greeks' ? (tick.optionPrice ?? Number.NaN) * 4 : tick.value
}

export interface EveryKindAccount {
  /** Streams of numbered ticks that were recorded. */
  streams: string[]
  /** Ticks of the tape that were not recorded, all within named gaps. */
  missing: number
  gaps: Gap[]
}

/**
 * Fails unless the database has every journaled tick exactly once and as it was journaled, whatever its kind, and every tick of the
 * tape that is missing between two recorded ones of its stream lies in a named gap.
 */
export async function expectEveryKindWhole(databaseUrl: string, dataDir: string): Promise<EveryKindAccount> {
  const sessions = await journalOf(dataDir)
  for (const session of sessions) await expectAsJournaled(databaseUrl, session)
  const ids = sessions.map(({ sessionId }) => sessionId)
  const gaps = await ask<Gap>(
    databaseUrl,
    `SELECT session_id::float8 AS "sessionId", cause, (extract(epoch FROM from_ts) * 1000000)::float8 AS "fromUs",
       (extract(epoch FROM to_ts) * 1000000)::float8 AS "toUs" FROM feed_gaps WHERE session_id IN (${ids.join(', ')}) ORDER BY from_ts`,
  )
  const streams = new Map<string, { n: number; tsUs: number }[]>()
  for (const { records, contracts } of sessions)
    for (const tick of records.filter(isTick)) {
      const contract = contracts.get(tick.instrument)
      const n = numberOf(tick)
      // Half-changed quotes, and figures that the gateway makes itself, carry no number of the tape.
      if (!contract || n === undefined || n < 8 || !REMAINDERS[tick.kind].includes(n % 8)) continue
      if (tick.kind === 'statistic' && tick.name !== 'day-volume') continue
      const stream = streamOf(tick, contractKey(contract))
      const seen = streams.get(stream) ?? []
      if (n > (seen.at(-1)?.n ?? 0)) seen.push({ n, tsUs: tick.tsUs })
      streams.set(stream, seen)
    }
  let missing = 0
  for (const [stream, seen] of streams) {
    const step = stepOf(seen.map(({ n }) => n))
    for (const [i, { n, tsUs }] of seen.entries()) {
      const next = seen[i + 1]
      if (!next || next.n - n <= step) continue
      missing += (next.n - n) / step - 1
      const isNamed = gaps.some(({ fromUs, toUs }) => fromUs <= next.tsUs && toUs > tsUs)
      if (!isNamed)
        expect.unreachable(`no gap names ${stream} from ${n} to ${next.n} (${tsUs}..${next.tsUs}); gaps ${JSON.stringify(gaps)}`)
    }
  }
  return { streams: [...streams.keys()].sort(), missing, gaps }
}

/** How far two ticks of a stream are apart on the tape: the difference that is most frequent. */
function stepOf(numbers: readonly number[]): number {
  const times = new Map<number, number>()
  for (const [i, n] of numbers.slice(1).entries()) {
    const step = n - (numbers[i] ?? 0)
    times.set(step, (times.get(step) ?? 0) + 1)
  }
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 1
}

async function expectAsJournaled(databaseUrl: string, { sessionId, records, contracts }: Journaled): Promise<void> {
  const expected = records.filter(isTick)
  if (expected.length === 0) return
  const reader = await openTapeReader({ url: databaseUrl }, { sessionId, includeQuarantined: true })
  let i = 0
  for await (const chunk of reader.ticks())
    for (const tick of chunk) {
      const journaled = expected[i++]
      const [found, wanted] = [textOf(tick, reader.contracts), journaled && textOf(journaled, contracts)]
      // An expectation for each of many thousand ticks would take longer than their recording.
      if (found !== wanted) expect(found).toBe(wanted)
    }
  expect(i).toBe(expected.length)
}

/** All fields of a tick in one order, with the contracts for the numbers that stand for them. */
function textOf(tick: Tick, contracts: ReadonlyMap<number, Contract>): string {
  const keyOf = (instrument: number) => {
    const contract = contracts.get(instrument)
    return contract && contractKey(contract)
  }
  const verdict = tick.verdict && {
    ...tick.verdict,
    findings: tick.verdict.findings.map((finding) => ({ ...finding, evidence: finding.evidence?.map(keyOf) })),
  }
  const named = { ...tick, instrument: keyOf(tick.instrument), verdict }
  const fields = Object.entries(named).filter(([, value]) => value !== undefined)
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
}
