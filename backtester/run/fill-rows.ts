/** The fills of a run. */

import type { Fill } from '../engine/strategy.ts'
import type { Rows } from '../metrics/rows.ts'
import { type Packed, PackedRows } from './packed-rows.ts'

export class FillRows extends PackedRows<Fill> {
  constructor(packed?: Packed) {
    super(9, packed)
  }

  static of(fills: Rows<Fill>): FillRows {
    if (fills instanceof FillRows) return fills
    const made = new FillRows()
    for (const fill of fills) made.push(fill)
    return made
  }

  push({ orderId, instrument, side, quantity, price, commission, realised, tsUs, isTaker }: Fill): void {
    const at = this.nextAt
    const block = this.add()
    block[at] = orderId
    block[at + 1] = instrument
    block[at + 2] = Number(side === 'sell')
    block[at + 3] = quantity
    block[at + 4] = price
    block[at + 5] = commission
    block[at + 6] = realised
    block[at + 7] = tsUs
    block[at + 8] = Number(isTaker)
  }

  protected row(block: Float64Array, at: number): Fill {
    return {
      orderId: block[at] as number,
      instrument: block[at + 1] as number,
      side: block[at + 2] === 1 ? 'sell' : 'buy',
      quantity: block[at + 3] as number,
      price: block[at + 4] as number,
      commission: block[at + 5] as number,
      realised: block[at + 6] as number,
      tsUs: block[at + 7] as number,
      isTaker: block[at + 8] === 1,
    }
  }
}
