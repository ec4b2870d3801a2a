/** A whole session of the planner in simulated time: 3,000 contracts on 100 lines, and a price that trends by 10 %. */

import { expect, it } from 'vitest'

import { simulate, simulatedChains } from '../support/lines/simulated-day.ts'
import { seeded } from '../support/random.ts'

const DAY_S = 23_400
const RATE = 40
const SETTINGS = { coreStrikes: 1, corePercent: 60, minimumHoldMs: 15_000, seenEveryMs: 20 * 60_000 }

it('keeps every bound over a whole day, and says what each contract had of it', () => {
  const random = seeded(1)
  let noise = 0
  const prices = Array.from({ length: DAY_S }, (_, second) => {
    noise = 0.995 * noise + (random() - 0.5) * 0.04
    return 100 * (1 + (0.1 * second) / DAY_S) + noise
  })
  const result = simulate({
    contracts: simulatedChains({ expiries: 25, strikes: 60 }),
    settings: SETTINGS,
    // One is the underlying's.
    lines: () => 99,
    seconds: DAY_S,
    messagesPerSecond: RATE,
    priceOf: (_underlying, second) => prices[second] ?? 100,
    active: (instrument) => instrument % 3 === 0,
  })
  const contracts = [...result.contracts.values()]
  const longestMs = Math.max(...contracts.map(({ longestUnseenMs }) => longestUnseenMs))
  const heldParts = contracts.map(({ heldMs }) => heldMs / 1000 / DAY_S).sort((a, b) => a - b)
  const middle = heldParts[heldParts.length >> 1] ?? 0
  process.stdout.write(
    `core held ${(100 * Math.min(...result.core)).toFixed(2)} % at least, a round ${result.last.coverage.roundMs / 1000} s, ` +
      `unseen for longest ${longestMs / 1000} s, held ${(100 * (heldParts[0] ?? 0)).toFixed(2)} to ` +
      `${(100 * (heldParts.at(-1) ?? 0)).toFixed(2)} % of the day, half of them ${(100 * middle).toFixed(2)} %, ` +
      `${result.messages} messages, at most ${result.mostMessagesInASecond} in a second\n`,
  )
  expect(Math.min(...result.core)).toBeGreaterThan(0.99)
  expect(longestMs).toBeLessThan(SETTINGS.seenEveryMs)
  expect(result.last.coverage.isKept).toBe(true)
  expect(Math.min(...contracts.map(({ holds }) => holds))).toBeGreaterThan(0)
  expect(result.mostLines).toBeLessThanOrEqual(99)
  expect(result.mostMessagesInASecond).toBeLessThanOrEqual(RATE)
  expect(result.shortestHoldMs).toBeGreaterThanOrEqual(SETTINGS.minimumHoldMs)
})
