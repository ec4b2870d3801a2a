/** The points of an account over time. */

import type { Rows } from '../metrics/rows.ts'
import { type Packed, PackedRows } from './packed-rows.ts'

/** The account at the end of a bar, or of a minute of the tape in which something happened. */
export interface EquityPoint {
  tsUs: number
  cash: number
  /** Cash and all positions at their marks. */
  equity: number
  /** Sum of what the positions are worth, short ones counted as if long. */
  exposure: number
}

export class EquityPoints extends PackedRows<EquityPoint> {
  constructor(packed?: Packed) {
    super(4, packed)
  }

  static of(points: Rows<EquityPoint>): EquityPoints {
    if (points instanceof EquityPoints) return points
    const made = new EquityPoints()
    for (const { tsUs, cash, equity, exposure } of points) made.push(tsUs, cash, equity, exposure)
    return made
  }

  push(tsUs: number, cash: number, equity: number, exposure: number): void {
    const at = this.nextAt
    const block = this.add()
    block[at] = tsUs
    block[at + 1] = cash
    block[at + 2] = equity
    block[at + 3] = exposure
  }

  protected row(block: Float64Array, at: number): EquityPoint {
    const [tsUs, cash, equity, exposure] = [block[at], block[at + 1], block[at + 2], block[at + 3]]
    return { tsUs, cash, equity, exposure } as EquityPoint
  }
}
