import { describe, expect, it } from 'vitest'

import { MS_US, OPEN_US, quoteAt, SECOND_US } from '../../../../support/gateway/gateway-tape.ts'
import { Rig, tradeAt } from './sampler-rig.ts'

const OPEN = OPEN_US / SECOND_US
const tradedAt = (ms: number, price: number) => ({ ...tradeAt(ms, 0, price, 100), conditions: '' })

describe('real-time bars', () => {
  it.each([true, false])('go out when their five seconds are over, not when the next tick comes (sampling %s)', (sampling) => {
    const rig = new Rig(sampling)
    rig.openRealTimeBars(0, 9, 'TRADES')
    rig.play(tradedAt(1000, 70), tradedAt(4999, 71), tradedAt(12_000, 69))
    expect(rig.finish()).toEqual(['@5000', `50|3|9|${OPEN}|70|71|70|71|200|70.5|2`, '@15000', `50|3|9|${OPEN + 10}|69|69|69|69|100|69|1`])
  })

  it('begin with a tick exactly at a step, which belongs to the bar that begins there', () => {
    const rig = new Rig(false)
    rig.openRealTimeBars(0, 9, 'TRADES')
    rig.play(tradedAt(0, 70), tradedAt(5000, 71), tradedAt(10_000, 72))
    const bars = rig.finish().filter((line) => line.startsWith('50|'))
    expect(bars.map((bar) => bar.split('|').slice(3, 5))).toEqual([
      [String(OPEN), '70'],
      [String(OPEN + 5), '71'],
      [String(OPEN + 10), '72'],
    ])
  })

  it('of quotes have no volume, and each line its own', () => {
    const rig = new Rig(true)
    rig.openRealTimeBars(0, 1, 'MIDPOINT')
    rig.openRealTimeBars(0, 2, 'ASK')
    rig.openRealTimeBars(1, 3, 'BID')
    rig.play(quoteAt(0, 0, [70, 1], [71, 1]), quoteAt(1000 * MS_US, 0, [70, 1], [72, 1]), tradedAt(2000, 70))
    expect(rig.finish().filter((line) => line.startsWith('50|'))).toEqual([
      `50|3|1|${OPEN}|70.5|71|70.5|71|-1|-1|-1`,
      `50|3|2|${OPEN}|71|72|71|72|-1|-1|-1`,
    ])
  })

  it('are not sent of a line that was closed within one', () => {
    const rig = new Rig(false)
    const closed = rig.openRealTimeBars(0, 1, 'TRADES')
    rig.openRealTimeBars(0, 2, 'TRADES')
    rig.play(tradedAt(1000, 70))
    rig.sampler.closeBars(closed)
    rig.play(tradedAt(6000, 71))
    const bars = rig.finish().filter((line) => line.startsWith('50|'))
    expect(bars.map((bar) => bar.split('|').slice(2, 4))).toEqual([
      ['2', String(OPEN)],
      ['2', String(OPEN + 5)],
    ])
    expect(rig.sampler.dueUs).toBe(Number.POSITIVE_INFINITY)
  })

  it('of a silent line come when its silence is over, and those behind it in time', () => {
    const rig = new Rig(false)
    rig.openRealTimeBars(0, 9, 'TRADES')
    const mute = { silences: () => true }
    rig.play(tradedAt(1000, 70))
    rig.sampler.mute(mute)
    rig.play(tradedAt(6000, 71), tradedAt(12_000, 72))
    expect(rig.recorder.sent).toEqual([])
    rig.sampler.unmute(mute, OPEN_US + 13_000 * MS_US)
    rig.play(tradedAt(14_000, 73))
    const bars = rig.finish().filter((line) => line.startsWith('50|') || line.startsWith('@'))
    expect(bars.map((bar) => (bar.startsWith('@') ? bar : bar.split('|').slice(3, 5).join(' ')))).toEqual([
      '@13000',
      `${OPEN} 70`,
      `${OPEN + 5} 71`,
      '@15000',
      `${OPEN + 10} 72`,
    ])
  })

  it('of a line that stays silent keep nothing waiting', () => {
    const rig = new Rig(false)
    rig.openRealTimeBars(0, 9, 'TRADES')
    rig.sampler.mute({ silences: () => true })
    rig.play(tradedAt(1000, 70))
    expect(rig.finish()).toEqual([])
    expect(rig.sampler.dueUs).toBe(Number.POSITIVE_INFINITY)
  })

  it('count neither as changes nor as ticks', () => {
    const rig = new Rig(true)
    rig.openRealTimeBars(0, 1, 'TRADES')
    rig.play(tradedAt(0, 70), tradedAt(5000, 71))
    rig.finish()
    expect(rig.sampler.totals).toMatchObject({ changes: 0, ticksServed: 0, messagesServed: 0 })
  })
})
