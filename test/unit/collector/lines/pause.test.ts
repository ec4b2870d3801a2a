/** When lines that were refused for now count as served again. */

import { describe, expect, it } from 'vitest'
import { fakeTimers, lines, openerFrom, trades, watched } from './lines-support.ts'

fakeTimers()

describe('a pause', () => {
  it('is over when the last paused line finds its place taken', async () => {
    const { registry, log, seen, after } = watched()
    let send = () => {}
    let isHeldUp = false
    registry.linkUp(openerFrom(100, log, () => (isHeldUp ? new Promise((resolve) => (send = resolve)) : Promise.resolve())))
    registry.want(lines(1, 2, 3))
    await seen()
    registry.accepted(100)
    for (const reqId of [101, 102]) registry.refused(reqId, 10_197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['opened S1', 'paused 10197 Competing session'])
    isHeldUp = true
    expect(await after(60_000)).toEqual(['cancel 101 S2', 'ask 103 S2'])
    registry.refused(103, 101, 'Max number of tickers', 'no-line')
    expect(await seen()).toEqual([])
    send()
    expect(await seen()).toEqual(['cancel 102 S3', 'resumed', 'limit 1, 2 waiting'])
    expect(registry.marketData).toMatchObject({ open: 1, paused: 0, 'no-line': 2 })
  })

  it('is over when the last paused line has no room tick by tick', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want([trades(1), trades(2), trades(3)])
    await seen()
    registry.dataCame(100)
    registry.refused(101, 10_197, 'Competing session', 'for-now')
    registry.refused(102, 10_190, 'None left', 'until-next-link')
    await seen()
    expect(await after(60_000)).toEqual(['cancel 101 S2 tick-by-tick', 'resumed'])
    expect(registry.tickByTick).toMatchObject({ open: 1, paused: 0, refused: 2 })
  })
})
