/** What a database has of a busy tape (busy-tape.ts), and whether its gaps name exactly what it has not. */

import { expect } from 'vitest'

import { openTapeReader } from '../../../db/read/tape-reader.ts'
import { contractKey } from '../../../market/contract.ts'
import { ask } from '../process/collecting.ts'
import { CONTRACTS, OPEN_US } from '../gateway/gateway-tape.ts'
import { roundOf } from './busy-tape.ts'
import { GAPS_BEHIND_START } from '../database/gaps.ts'

export interface NamedGap {
  cause: string
  fromUs: number
  toUs: number
  droppedTicks: number | null
}

/** The gaps of a database, by their begin. */
export async function gapsIn(databaseUrl: string): Promise<NamedGap[]> {
  const rows = await ask<Record<keyof NamedGap, string>>(
    databaseUrl,
    `SELECT cause, (extract(epoch FROM from_ts) * 1000000)::bigint AS "fromUs", (extract(epoch FROM to_ts) * 1000000)::bigint AS "toUs",
       dropped_ticks AS "droppedTicks" FROM ${GAPS_BEHIND_START} ORDER BY from_ts`,
  )
  return rows.map(({ cause, fromUs, toUs, droppedTicks }) => ({
    cause,
    fromUs: Number(fromUs),
    toUs: Number(toUs),
    droppedTicks: droppedTicks === null ? null : Number(droppedTicks),
  }))
}

/** Places on the busy tape of the session's quotes, with the times under which they were recorded, in their order there. */
export async function recordedPlaces(databaseUrl: string, sessionId: number): Promise<{ place: number; tsUs: number }[]> {
  const reader = await openTapeReader({ url: databaseUrl }, { sessionId, includeQuarantined: true })
  const places = new Map(CONTRACTS.map((contract, place) => [contractKey(contract), place]))
  const found: { place: number; tsUs: number }[] = []
  for await (const chunk of reader.ticks())
    for (const tick of chunk) {
      const contract = reader.contracts.get(tick.instrument)
      if (tick.kind !== 'quote' || !contract) throw new Error(`Not of a busy tape: ${JSON.stringify(tick)}`)
      found.push({ place: roundOf(tick) * CONTRACTS.length + (places.get(contractKey(contract)) ?? Number.NaN), tsUs: tick.tsUs })
    }
  return found
}

/** Fails unless the session has every quote of the tape once and in order, but for those that gaps of `cause` count and bracket. */
export async function expectNamedDrops(
  databaseUrl: string,
  sessionId: number,
  tape: { quotes: number; stepUs: number },
  cause: string,
): Promise<NamedGap[]> {
  const recorded = await recordedPlaces(databaseUrl, sessionId)
  const gaps = await gapsIn(databaseUrl)
  expect(recorded.map(({ place }) => place)).toEqual([...new Set(recorded.map(({ place }) => place))].sort((a, b) => a - b))
  let missing = 0
  for (const gap of gaps) {
    expect(gap.cause).toBe(cause)
    const next = recorded.findIndex(({ tsUs }) => tsUs > gap.fromUs)
    const behind = recorded[next]
    // Nothing was recorded within it.
    if (behind) expect(behind.tsUs).toBeGreaterThan(gap.toUs)
    const first = (recorded[(next < 0 ? recorded.length : next) - 1]?.place ?? -1) + 1
    const end = behind?.place ?? tape.quotes
    expect(gap.droppedTicks).toBe(end - first)
    missing += end - first
    // The gateway publishes its time around a quote, so that a stamp may be the time of the one before.
    expect(OPEN_US + first * tape.stepUs).toBeGreaterThanOrEqual(gap.fromUs - tape.stepUs)
    expect(OPEN_US + (end - 1) * tape.stepUs).toBeLessThanOrEqual(gap.toUs + tape.stepUs)
  }
  expect(missing).toBe(tape.quotes - recorded.length)
  return gaps
}
