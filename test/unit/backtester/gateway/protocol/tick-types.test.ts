/** The gateway's numbers of tick types and the recorder's are two lists: each side of the wire has its own. They must agree. */

import { describe, expect, it } from 'vitest'
import { FIGURE_TYPES, wireType } from '../../../../../backtester/gateway/protocol/tick-types.ts'
import { LIVE_TYPES, STATISTICS } from '../../../../../collector/ib/ticks/tick-types.ts'

describe('the tick types of figures', () => {
  it('are those that a recorder has the figures from, each of them', () => {
    const served = [...FIGURE_TYPES].map(([name, { type }]): [string, number] => [name, type])
    const recorded = Object.entries(STATISTICS).map(([type, name]): [string, number] => [name, Number(type)])
    const byType = ([, a]: [string, number], [, b]: [string, number]) => a - b
    expect(served.sort(byType)).toEqual(recorded.sort(byType))
  })

  it('of delayed data are mapped back to those that they were', () => {
    for (const { type } of FIGURE_TYPES.values()) expect(LIVE_TYPES[wireType(type, true)] ?? wireType(type, true)).toBe(type)
  })
})
