/**
 * A universe of 3,000 contracts on 100 lines over a whole session, in virtual time: the shipped day, and a day that trends by 10 %. The live side of
 * the collector is at the replay gateway, with a proxy between them that logs every message. Takes some minutes for each day.
 */

import { expect, it } from 'vitest'

import { type GatewayDayResult, gatewayDay } from '../support/lines/gateway-day.ts'
import { shippedDay, trendingDay } from '../support/lines/market-day.ts'

const CONTRACTS = 3000
const LINES = 100
const RATE = 40
const PLAN = { coreStrikes: 2, corePercent: 60, minimumHoldMs: 15_000, seenEveryMs: 25 * 60_000 }
const SESSION_MS = 23_400_000
const HALF_AN_HOUR_MS = 1_800_000

it.each([
  ['the shipped day', shippedDay],
  ['a day that trends by 10 %', trendingDay],
] as const)(
  'over %s every bound is kept, and it is said what each contract had of it',
  async (name, dayOf) => {
    const day = await dayOf(CONTRACTS)
    const result = await gatewayDay({ day, lines: LINES, messagesPerSecond: RATE, plan: PLAN })
    process.stdout.write(inWords(name, result))
    const contracts = [...result.contracts.values()]
    expect(contracts).toHaveLength(CONTRACTS)
    const { coverage } = result.figures
    expect(coverage).toMatchObject({ coreExpiries: result.core.size, isKept: true })
    for (const [expiry, part] of result.core) expect.soft(part, `the money of ${expiry}`).toBeGreaterThanOrEqual(0.99)
    // What is stated is kept, but for the turn that is under way.
    const statedMs = (coverage?.roundMs ?? 0) + PLAN.minimumHoldMs
    expect(Math.max(...contracts.map(({ longestUnseenMs }) => longestUnseenMs))).toBeLessThan(Math.min(statedMs, PLAN.seenEveryMs))
    expect(Math.min(...contracts.map(({ heldMs }) => heldMs))).toBeGreaterThan(PLAN.minimumHoldMs)
    expect(result.figures.unseen).toBe(0)
    expect(result.mostLines).toBeLessThanOrEqual(LINES)
    expect(result.tooFast).toBe(0)
    expect(result.shortestHoldMs).toBeGreaterThanOrEqual(PLAN.minimumHoldMs)
    expect([...result.errors]).toEqual([])
  },
  HALF_AN_HOUR_MS,
)

function inWords(name: string, { contracts, core, figures, messages, mostLines, shortestHoldMs }: GatewayDayResult): string {
  const all = [...contracts.values()]
  const part = (ms: number) => `${((100 * ms) / SESSION_MS).toFixed(2)} %`
  const held = all.map(({ heldMs }) => heldMs).sort((a, b) => a - b)
  const at = (share: number) => part(held[Math.floor(share * (held.length - 1))] ?? 0)
  const unseenS = Math.max(...all.map(({ longestUnseenMs }) => longestUnseenMs)) / 1000
  const holds = all.map((one) => one.holds).sort((a, b) => a - b)
  return [
    name,
    `  money of ${core.size} expiries held ${(100 * Math.min(...core.values())).toFixed(2)} % of the session at least`,
    `  contracts held: least ${at(0)}, a tenth up to ${at(0.1)}, half up to ${at(0.5)}, most ${at(1)}; ${holds[0]} to ${holds.at(-1)} times`,
    `  unseen for longest ${unseenS.toFixed(0)} s, a round was stated as ${(figures.coverage?.roundMs ?? 0) / 1000} s`,
    `  ${messages} messages, at most ${mostLines} lines, the shortest hold ${shortestHoldMs} ms`,
    '',
  ].join('\n')
}
