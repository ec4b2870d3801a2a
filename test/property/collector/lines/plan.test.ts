import { describe, expect, it } from 'vitest'

import type { PlanSettings } from '../../../../collector/lines/plan/state.ts'
import { simulate, simulatedChains } from '../../../support/lines/simulated-day.ts'
import { seeded } from '../../../support/random.ts'

const SETTINGS: PlanSettings = { coreStrikes: 1, corePercent: 60, minimumHoldMs: 15_000, seenEveryMs: 20 * 60_000 }
const RATE = 40
/** A quarter of a session, in which the price goes as far as in all of test/chaos/lines-day.test.ts. */
const DAY_S = 5850

/** Up by so much of it over the day, and about it by a cent or two a second. */
function trending(part: number, seed = 1) {
  const random = seeded(seed)
  let noise = 0
  const prices = Array.from({ length: DAY_S }, (_, second) => {
    noise = 0.995 * noise + (random() - 0.5) * 0.04
    return 100 * (1 + (part * second) / DAY_S) + noise
  })
  return (_underlying: number, second: number) => prices[second] ?? 100
}

describe('3,000 contracts on 100 lines, over a quarter of a day that trends by 10 %', () => {
  const day = {
    contracts: simulatedChains({ expiries: 25, strikes: 60 }),
    settings: SETTINGS,
    // One is the underlying's.
    lines: () => 99,
    seconds: DAY_S,
    messagesPerSecond: RATE,
    priceOf: trending(0.1),
    active: (instrument: number) => instrument % 3 === 0,
  }
  const result = simulate(day)
  const contracts = [...result.contracts.values()]

  it('have the money of every expiry watched for 99 % of the time and more', () => {
    expect(result.core).toHaveLength(25)
    for (const part of result.core) expect(part).toBeGreaterThan(0.99)
  })

  it('are each seen within the time that the plan states, of which it says whether it can be kept', () => {
    const { coverage } = result.last
    expect(coverage).toMatchObject({ contracts: 3000, core: 50, rotating: 2950, rotationLines: 49, isKept: true })
    const longestMs = Math.max(...contracts.map(({ longestUnseenMs }) => longestUnseenMs))
    expect(longestMs).toBeLessThan(SETTINGS.seenEveryMs)
    expect(coverage.roundMs).toBeLessThan(SETTINGS.seenEveryMs)
    for (const { holds } of contracts) expect(holds).toBeGreaterThan(DAY_S / (SETTINGS.seenEveryMs / 1000))
  })

  it('never take more lines or messages than there are, and none is cancelled within the minimum hold', () => {
    expect(result.mostLines).toBeLessThanOrEqual(99)
    expect(result.mostMessagesInASecond).toBeLessThanOrEqual(RATE)
    expect(result.shortestHoldMs).toBeGreaterThanOrEqual(SETTINGS.minimumHoldMs)
  })
})

describe('any universe on any number of lines', () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))('keeps every bound, and is fair (seed %i)', (seed) => {
    const random = seeded(seed)
    const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
    const contracts = simulatedChains({ expiries: whole(1, 8), strikes: whole(2, 20) })
    const messagesPerSecond = whole(4, 40)
    const most = whole(2, Math.max(3, contracts.length - 1))
    const shrunk = Math.max(2, Math.floor(most * (0.5 + random() / 2)))
    const silent = new Set(contracts.filter(() => random() < 0.05).map(({ instrument }) => instrument))
    const settings = {
      coreStrikes: whole(0, 3),
      corePercent: whole(0, 100),
      minimumHoldMs: whole(15, 40) * 1000,
      seenEveryMs: whole(1, 20) * 60_000,
    }
    const seconds = 1800
    const price = trending(0.2 * random() - 0.1, seed)
    const result = simulate({
      contracts,
      settings,
      // Others take some in the middle.
      lines: (second) => (second < seconds / 2 ? most : shrunk),
      seconds,
      messagesPerSecond,
      priceOf: (underlying, second) => price(underlying, second * 3),
      silent,
      active: (instrument) => instrument % 5 === 0,
      wishes: (second) => new Set(second % 900 < 300 ? [contracts[0]?.instrument ?? 0] : []),
    })
    expect(result.mostLines).toBeLessThanOrEqual(most)
    expect(result.mostMessagesInASecond).toBeLessThanOrEqual(messagesPerSecond)
    expect(result.shortestHoldMs).toBeGreaterThanOrEqual(settings.minimumHoldMs)
    // What is held when lines are taken away is given up as soon as the minimum hold allows.
    expect(result.overLimit).toBeLessThanOrEqual(settings.minimumHoldMs / 1000 + most / 2)
    const { coverage } = result.last
    const answering = [...result.contracts.values()].filter(({ instrument }) => !silent.has(instrument))
    const longestMs = Math.max(...answering.map(({ longestUnseenMs }) => longestUnseenMs))
    // Pairs of whom one gives no answer, and the change in the middle, cost a part of a round.
    if (coverage.rotationLines > 1)
      expect(longestMs).toBeLessThan(Math.max(settings.seenEveryMs, 1.5 * coverage.roundMs) + 2 * settings.minimumHoldMs)
  })
})
