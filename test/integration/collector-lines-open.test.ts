/** What shares lines around the open: the stock trades ahead of it, its options do not. */

import { expect, it } from 'vitest'

import { gatewayDay } from '../support/lines/gateway-day.ts'
import { trendingDay } from '../support/lines/market-day.ts'

const LINES = 13
const PLAN = { coreStrikes: 1, corePercent: 50, minimumHoldMs: 15_000, seenEveryMs: 25 * 60_000 }

it('nothing takes turns while only the stock trades, and the money is held from the open on', async () => {
  // The stock ticks from 09:20 on, the options from half a minute behind the open on.
  const day = trendingDay(120)
  const before = await gatewayDay({ day, lines: LINES, messagesPerSecond: 40, plan: PLAN, until: '09:30:00' })
  // A few look-ups and heartbeats, and each line once.
  expect(before.messages).toBeLessThan(100)
  expect(before.figures).toMatchObject({ state: 'rotating', unseen: 0, coverage: { blocked: 0 } })
  const behind = await gatewayDay({ day, lines: LINES, messagesPerSecond: 40, plan: PLAN, until: '09:34:00' })
  expect([...behind.core.values()]).toEqual([1])
  expect(behind.figures.coverage?.blocked).toBe(0)
  expect([...behind.errors]).toEqual([])
})
