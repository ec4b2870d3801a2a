import { describe, expect, it } from 'vitest'
import type { WantedLine } from '../../../../collector/lines/line.ts'
import { fakeTimers, lines, trades, watched } from './lines-support.ts'

fakeTimers()

const FULL = [10_190, 'Max number of tick-by-tick requests has been reached', 'until-next-link'] as const
const both = (instrument: number): WantedLine[] => [trades(instrument), { ...trades(instrument), feed: 'tick-by-tick-quotes' }]

/** Three contracts, of which IB serves the first, with their trades and quotes under 103 to 108. */
async function oneOfThree() {
  const all = watched()
  all.link(100)
  all.registry.want([...lines(1, 2, 3), ...both(1), ...both(2), ...both(3)])
  await all.seen()
  for (const reqId of [100, 101, 102]) all.registry.accepted(reqId)
  for (const reqId of [103, 104]) all.registry.dataCame(reqId)
  for (const reqId of [105, 106, 107, 108]) all.registry.refused(reqId, ...FULL)
  await all.seen()
  return all
}

const asked = (log: string[]) => log.filter((text) => /^ask .*tick-by-tick/.test(text))

describe('the limit of tick-by-tick lines', () => {
  it('counts contracts: trades and quotes of one are asked for over the next link, and nothing of the others', async () => {
    const { registry, seen, link } = await oneOfThree()
    registry.linkIsNew()
    registry.linkDown('link-lost', 1)
    await seen()
    link(500)
    expect(asked(await seen())).toEqual(['ask 503 S1 tick-by-tick', 'ask 504 S1 tick-by-tick'])
    expect(registry.tickByTick).toMatchObject({ asked: 2, refused: 4 })
  })

  it('is tried after five minutes, by one contract more, and grows when IB serves that', async () => {
    const { registry, after, seen } = await oneOfThree()
    expect(await after(299_999)).toEqual([])
    expect(asked(await after(1))).toEqual(['ask 109 S2 tick-by-tick', 'ask 110 S2 tick-by-tick'])
    for (const reqId of [109, 110]) registry.dataCame(reqId)
    await seen()
    expect(registry.tickByTick).toMatchObject({ open: 4, refused: 2 })
    expect(asked(await after(300_000))).toEqual(['ask 111 S3 tick-by-tick', 'ask 112 S3 tick-by-tick'])
    for (const reqId of [111, 112]) registry.refused(reqId, ...FULL)
    await seen()
    expect(registry.tickByTick).toMatchObject({ open: 4, refused: 2 })
  })

  it('gives what a contract leaves to the next one', async () => {
    const { registry, after } = await oneOfThree()
    registry.wantOnly([...lines(1, 2, 3), ...both(2), ...both(3)], 'config')
    const second = ['ask 109 S2 tick-by-tick', 'ask 110 S2 tick-by-tick']
    // It is time to try one more, too.
    expect(asked(await after(300_000))).toEqual([...second, 'ask 111 S3 tick-by-tick', 'ask 112 S3 tick-by-tick'])
  })
})
