/** A collector that has fewer lines than contracts, and watches them in turn. */

import { expect, it } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import type { LinesPage } from '../../collector/telemetry/lines-page.ts'
import type { PlanSettings } from '../../collector/lines/plan/state.ts'
import { forEachEdition } from '../support/database/databases.ts'
import type { GatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { serveSynthetic } from '../support/gateway/served-synthetic.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'

/** The stock, and both rights of ten strikes. */
const CONTRACTS = 21
const LINES = 13
const PLAN: PlanSettings = { coreStrikes: 2, corePercent: 34, minimumHoldMs: 500, seenEveryMs: 600_000 }
const SYN = { symbol: 'SYN', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000 } as const

const [REQUEST, CANCEL] = ['1', '2']

const serve = (options: Partial<GatewayOptions> = {}) => serveSynthetic({ contracts: CONTRACTS, lines: LINES, ...options })

/** How many lines were open at most, by the requests and cancels in their order. */
function mostLines(proxy: GatewayProxy) {
  const open = new Set<string>()
  const seen = { most: 0 }
  proxy.answer = ([id, , reqId = '']) => {
    if (id === REQUEST) open.add(reqId)
    if (id === CANCEL) open.delete(reqId)
    seen.most = Math.max(seen.most, open.size)
    return undefined
  }
  return seen
}

forEachEdition('a collector with more contracts than lines that take turns', (edition) => {
  it('sees every contract, both rights of a strike together, keeps those at the money, and names no gap of what waits', async () => {
    const databaseUrl = await edition.createDatabase()
    const { proxy } = await serve()
    const seen = mostLines(proxy)
    const opened = new Map<number, number>()
    const collector = await startCollecting({
      port: proxy.port,
      databaseUrl,
      gateway: { lines: LINES },
      underlyings: [SYN],
      linePlan: PLAN,
      metrics: { host: '127.0.0.1', port: 0 },
      onRecord: (record) => {
        if (record.kind === 'line' && record.event === 'opened') opened.set(record.instrument, (opened.get(record.instrument) ?? 0) + 1)
      },
    })
    await collector.until('every contract was seen, and some came round again', () => {
      return opened.size === CONTRACTS && [...opened.values()].filter((times) => times > 1).length >= 4
    })
    const { metricsPort } = collector.progress
    const page = (await (await fetch(`http://127.0.0.1:${metricsPort}/lines`)).json()) as LinesPage
    expect(page).toMatchObject({
      state: 'rotating',
      limit: LINES,
      available: LINES,
      pinned: 1,
      coverage: { contracts: CONTRACTS - 1, core: 4, edge: 0, rotating: 16, rotationLines: 8, isKept: true, unseen: 0 },
    })
    expect(page.lines.filter(({ feed, reason }) => feed === null && reason === 'core').map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'open'),
    )
    await collector.stop('stopped')

    expect(seen.most).toBeLessThanOrEqual(LINES)
    expect(await ask(databaseUrl, `SELECT DISTINCT cause FROM line_holds ORDER BY cause`)).toEqual([
      { cause: 'rotation' },
      { cause: 'stopped' },
    ])
    // The stock never gave its line back; behind what waits for its turn there is no gap.
    expect(opened.get(0)).toBe(1)
    expect(await ask(databaseUrl, `SELECT cause FROM feed_gaps WHERE cause NOT IN ('not-open-yet', 'not-found-yet')`)).toEqual([])
    const [pairs] = await ask<{ apart: number }>(
      databaseUrl,
      `SELECT count(*)::int AS apart FROM (
         SELECT strike, count(*) FILTER (WHERE "right" = 'C') AS calls, count(*) FILTER (WHERE "right" = 'P') AS puts
         FROM line_holds JOIN instruments USING (instrument_id) WHERE kind = 'option' GROUP BY strike) s
       WHERE calls <> puts`,
    )
    expect(pairs?.apart).toBe(0)
  })
})
