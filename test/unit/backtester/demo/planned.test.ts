import { describe, expect, it } from 'vitest'

import { type FoundOpportunity, PlannedMispricings } from '../../../../backtester/demo/planned.ts'
import { type Mispricing, plannedMispricings } from '../../../../backtester/gateway/source/mispricings.ts'
import { syntheticMarket } from '../../../../backtester/gateway/source/synthetic.ts'
import { contractKey } from '../../../../market/contract.ts'
import { isoFromUs } from '../../../../market/time.ts'

const PLANNED = plannedMispricings(syntheticMarket({ contracts: 241, seed: 1, ticksPerSecond: 1000, seconds: 23 }))
const MS_US = 1000

/** Opened 100 ms behind the first moment, closed 100 ms behind the last one. */
function found(planned: Mispricing, changes: Partial<FoundOpportunity['opened']> = {}, endedLateMs = 100) {
  const { detector, edgePerShare, size, fromUs, toUs, legs } = planned
  const opened = {
    grossEdgePerShare: edgePerShare,
    edgePerShare: edgePerShare - 0.02,
    size,
    legs: legs.map(({ side, contract }) => ({ side, contract: contractKey(contract) })).toReversed(),
    ...changes,
  }
  const common = { id: '1-1-1', detector, openedTs: isoFromUs(fromUs + 100 * MS_US), opened }
  const closed = { ...common, change: 'closed', closedTs: isoFromUs(toUs + endedLateMs * MS_US), ending: 'edge-gone' } as const
  return [{ ...common, change: 'opened' }, closed] as const
}

const sized = PLANNED.filter(({ size }) => size > 0)
const first = sized[0] ?? expect.unreachable()

/** What was claimed of some opportunities, with all others found as planned. */
function claimsOf(...events: FoundOpportunity[]): string[] {
  const planned = new PlannedMispricings(PLANNED)
  for (const event of [...sized.slice(1).flatMap((one) => found(one)), ...events]) planned.take(event)
  return planned.claims.flatMap(([claim, holds]) => (holds ? [] : [claim]))
}

describe('the comparison with what was planned', () => {
  it('holds when everything is found as planned, and what is without size is not', () => {
    expect(claimsOf(...found(first))).toEqual([])
    expect(new PlannedMispricings(PLANNED).claims).toHaveLength(PLANNED.length + 1)
  })

  it.each([
    ['it is not found', []],
    ['its edge is another one', found(first, { grossEdgePerShare: 0.26 })],
    ['its size is another one', found(first, { size: 9 })],
    ['it stays open', found(first, {}, 2000)],
    ['it closes early', found(first, {}, -200)],
    ['it is found twice', [...found(first), ...found(first)]],
    ['it ends otherwise', found(first).map((event) => ({ ...event, ending: 'gap' }))],
  ])('fails when %s', (_, events) => {
    expect(claimsOf(...events)).toEqual(['conversion, 0.25 a share, size 10: found exactly, closed in time'])
  })

  it('fails when something is found that has no size, or no moved quote', () => {
    const none = PLANNED.find(({ size }) => size === 0) ?? expect.unreachable()
    expect(claimsOf(...found(first), ...found(none))).toEqual([expect.stringContaining('with nothing behind a price')])
    const elsewhere = found(first, { legs: [{ side: 'buy', contract: 'option:SYN:USD:SYN:2024-06-21:C:80:100' }] })
    expect(claimsOf(...found(first), ...elsewhere)).toEqual(['no opportunity without a moved quote'])
  })

  it('counts what the moved quotes break beside that, and shows only what was planned', () => {
    const planned = new PlannedMispricings(PLANNED)
    const [moved] = first.legs.map(({ contract }) => contractKey(contract))
    const beside = { ...found(first, { legs: [{ side: 'sell', contract: moved ?? '' }] })[0], detector: 'butterfly' }
    expect([planned.take(beside), planned.take(beside), planned.beside]).toEqual([undefined, undefined, 'butterfly 2'])
    expect(found(first).map((event) => planned.take(event))).toEqual([
      '13:30:02.1  opened  conversion           0.25 a share, 0.2300 net, size 10',
      '13:30:04.1  closed  conversion           after 2.0 s: edge-gone',
    ])
  })
})
