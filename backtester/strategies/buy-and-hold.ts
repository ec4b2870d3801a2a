/** Buys each instrument that is no option once, with its first bar or the first offer of regular hours in New York, and holds it to the end. */

import { z } from 'zod'

import { nyse } from '../../market/calendar/calendar.ts'
import type { Strategy } from '../engine/strategy.ts'

const params = z.strictObject({
  quantity: z.int().min(1).default(100).describe('Units of each instrument.'),
})

export const buyAndHold: Strategy<z.infer<typeof params>> = {
  name: 'buy-and-hold',
  version: '1',
  params,
  create({ clock, market, orders }, { quantity }) {
    const bought = new Set<number>()
    const buy = (instrument: number) => {
      bought.add(instrument)
      if (market.contract(instrument)?.kind === 'option') return
      orders.submit({ type: 'market', side: 'buy', instrument, quantity })
    }
    return {
      onQuote({ instrument, askPrice, tsUs }) {
        if (askPrice !== undefined && !bought.has(instrument) && !clock.warmsUp && nyse.isOpenAt(tsUs)) buy(instrument)
      },
      onBar(_bar, instrument) {
        if (!bought.has(instrument) && !clock.warmsUp) buy(instrument)
      },
    }
  },
}
