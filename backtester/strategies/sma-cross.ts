/** Holds an instrument while its close is above the mean of its last closes; trades at the open behind the close that crosses. */

import { z } from 'zod'

import type { Strategy } from '../engine/strategy.ts'

const params = z.strictObject({
  period: z.int().min(1).default(15).describe('Closes in the mean.'),
  quantity: z.int().min(1).default(1).describe('Units to hold.'),
})

export const smaCross: Strategy<z.infer<typeof params>> = {
  name: 'sma-cross',
  version: '1',
  params,
  create(context, { period, quantity }) {
    const means = new Map<number, { sma: InstanceType<typeof context.indicators.sma>; above: boolean | undefined }>()
    return {
      onBar({ close }, instrument) {
        let state = means.get(instrument)
        if (!state) {
          state = { sma: new context.indicators.sma(period), above: undefined }
          means.set(instrument, state)
        }
        const mean = state.sma.next(close)
        if (mean === undefined) return
        const before = state.above
        // On the mean it is on the side that it was on before.
        state.above = close === mean ? before : close > mean
        if (before === undefined || state.above === before) return
        const held = context.portfolio.quantity(instrument)
        if (state.above && held === 0) context.orders.submit({ type: 'market', side: 'buy', instrument, quantity })
        if (!state.above && held > 0) context.orders.submit({ type: 'market', side: 'sell', instrument, quantity: held })
      },
    }
  },
}
