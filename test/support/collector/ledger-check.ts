/**
 * What a collector in virtual time has recorded of a simulated market, and whether its ledger is true: the gaps that the database names, by
 * the SQL that operators use, against the ticks that are missing.
 */

import { expect } from 'vitest'

import { connectClient, createPool } from '../../../db/pool.ts'
import { createTickStore } from '../../../db/write/tick-store.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { isMarked, Mark } from '../../../market/marks.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { isoFromUs } from '../../../market/time.ts'
import { compare, type NamedGap, type Received } from '../coverage-check.ts'
import type { TradedContract } from '../gateway/simulated-market.ts'
import { block } from '../tape/ticks.ts'
import { unexpected } from '../unexpected.ts'
import { type collectorInVirtualTime, MINUTE_MS } from './virtual-collector.ts'

/** Time in which lines may miss data: an outage, and what it takes to have every line again. */
export interface Window {
  fromMs: number
  toMs: number
}

export interface Lived {
  contracts: readonly TradedContract[]
  /** By the broker's number. */
  received: ReadonlyMap<number, Received[]>
  /** Records of sessions, lines, gaps and contracts. */
  control: TapeRecord[]
  sessionIds: number[]
}

const MESSAGES_A_SECOND = 40
/** Two ticks so close to each other prove that the line lived between them, but for as long. */
const CLOSE_US = 5_000_000
const AT_ONCE_US = 1000
/** Of a line that was back before the last of them, for up to 10 s; the watchdog looks once a second. */
const MOST_OVER_US = 11_000_000 + CLOSE_US

/** Watches what is recorded from now on. */
export function watch(
  { recorder, sessionIds }: Pick<Awaited<ReturnType<typeof collectorInVirtualTime>>, 'recorder' | 'sessionIds'>,
  contracts: readonly TradedContract[],
): Lived {
  const received = new Map(contracts.map(({ conId }) => [conId, [] as Received[]]))
  const control: TapeRecord[] = []
  recorder.subscribe((record) => {
    if (record.kind === 'session' ? record.event !== 'alive' : ['line', 'gap', 'contract'].includes(record.kind))
      control.push(structuredClone(record))
    if (record.kind !== 'quote' && record.kind !== 'trade') return
    received.get(recorder.contractOf(record.instrument)?.conId ?? 0)?.push({
      price: (record.kind === 'quote' ? record.bidPrice : record.price) ?? Number.NaN,
      tsUs: record.tsUs,
      isInitial: isMarked(record, Mark.initial),
      isLate: isMarked(record, Mark.late),
    })
  })
  return { contracts, received, control, sessionIds }
}

/** Every missing tick lies in a gap of its line and in an outage, and what is named was missing. */
export async function expectTrueLedger(url: string, lived: Lived, windows: readonly Window[]): Promise<void> {
  const gaps = await namedGaps(url, lived)
  const isCalm = (fromUs: number, toUs: number) => !windows.some(({ fromMs, toMs }) => fromMs * 1000 < toUs && fromUs < toMs * 1000)
  const isAlive = (fromUs: number, toUs: number) => toUs - fromUs < CLOSE_US || (dateOf(fromUs) === dateOf(toUs) && isCalm(fromUs, toUs))
  for (const { name, conId, ticksMs } of lived.contracts) {
    const ofLine = gaps.get(conId) ?? []
    const { lostUs, unnamedUs, double, invented, overUs } = compare(ticksMs, lived.received.get(conId) ?? [], ofLine, isAlive)
    expect.soft(unnamedUs.map(isoFromUs), `${name}: missing, and in no gap`).toEqual([])
    expect.soft([double, invented], `${name}: recorded twice, and out of nothing`).toEqual([0, 0])
    const dead = lostUs.filter((us) => isCalm(us, us + 1))
    expect.soft(dead.map(isoFromUs), `${name}: missing long behind an outage`).toEqual([])
    expect.soft(overUs.filter(({ us }) => us > MOST_OVER_US).map(inWords), `${name}: named, and not missing`).toEqual([])
    const isOutage = ({ fromUs, toUs }: NamedGap) => !isCalm(fromUs, toUs)
    // The gap of an outage begins with the last data of any line. What goes straight before it names the lines of a farm without data since longer.
    const isAhead = ({ toUs }: NamedGap) => ofLine.some((next) => isOutage(next) && Math.abs(next.fromUs - toUs) < AT_ONCE_US)
    const alarms = ofLine.filter((gap) => isInSession(gap) && !isOutage(gap) && !isAhead(gap))
    expect
      .soft(
        alarms.map((gap) => inWords({ gap })),
        `${name}: gaps without an outage`,
      )
      .toEqual([])
  }
}

/** Attempts to connect, pauses behind a client id in use, and requests. */
export function expectBounds(attemptsMs: readonly number[], refusedIdsMs: readonly number[], requestsMs: readonly number[]): void {
  const tooClose = (all: readonly number[], many: number, withinMs: number) =>
    all.filter((ms, i) => ms - (all[i - many] ?? Number.NEGATIVE_INFINITY) < withinMs)
  expect.soft(tooClose(attemptsMs, 4, MINUTE_MS), 'more than four attempts in a minute').toEqual([])
  expect.soft(tooClose(requestsMs, MESSAGES_A_SECOND, 1000), 'more requests in a second than allowed').toEqual([])
  const nextMs = (refusedMs: number) => attemptsMs.find((ms) => ms > refusedMs) ?? Number.POSITIVE_INFINITY
  expect
    .soft(
      refusedIdsMs.filter((ms) => nextMs(ms) - ms < 15_000),
      'attempts too soon behind 326',
    )
    .toEqual([])
}

/** Gaps as the database tells them, by the broker's number of the contract. */
async function namedGaps(url: string, { control, sessionIds, contracts }: Lived): Promise<Map<number, NamedGap[]>> {
  const [sessionId = unexpected(), ...others] = sessionIds
  expect(others).toEqual([])
  const contractOf = new Map(
    control.flatMap((record) => (record.kind === 'contract' ? [[record.instrument, record.contract] as const] : [])),
  )
  const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
  await createTickStore({ pool }).store({ sessionId, batchNo: 1, blocks: [block(control)] }, (instrument) => contractOf.get(instrument))
  await pool.end()
  const client = await connectClient(url)
  try {
    const { rows } = await client.query<{ con_id: string | null; cause: string; from_us: string; to_us: string }>(
      `SELECT con_id, cause, (extract(epoch FROM from_ts) * 1000000)::bigint AS from_us, (extract(epoch FROM to_ts) * 1000000)::bigint AS to_us
       FROM feed_gaps LEFT JOIN instruments USING (instrument_id) WHERE session_id = $1 AND feed IS NULL ORDER BY from_ts`,
      [sessionId],
    )
    const isOf = ({ conId, farm }: TradedContract, { con_id, cause }: { con_id: string | null; cause: string }) =>
      con_id === null ? !cause.startsWith('farm-broken: ') || cause.endsWith(farm) : Number(con_id) === conId
    const gapsOf = (contract: TradedContract) =>
      rows
        .filter((row) => isOf(contract, row))
        .map(({ cause, from_us, to_us }) => ({ cause, fromUs: Number(from_us), toUs: Number(to_us) }))
    return new Map(contracts.map((contract) => [contract.conId, gapsOf(contract)]))
  } finally {
    await client.end()
  }
}

function dateOf(us: number): string {
  return nyse.zone.dateOf(us)
}

function isInSession({ fromUs, toUs }: NamedGap): boolean {
  return nyse.sessions(dateOf(fromUs), dateOf(toUs)).some(({ openUs, closeUs }) => fromUs < closeUs && openUs < toUs)
}

function inWords({ gap: { fromUs, toUs, cause }, us }: { gap: NamedGap; us?: number }): string {
  return `${cause}: ${isoFromUs(fromUs)} to ${isoFromUs(toUs)}${us === undefined ? '' : `, ${us / 1_000_000} s too much`}`
}
