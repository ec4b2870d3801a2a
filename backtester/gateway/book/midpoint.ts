/** The middle of a bid and an ask, without the noise of the last bits that the wire would show. */
export function midpointOf(bidPrice: number, askPrice: number): number {
  return Number(((bidPrice + askPrice) / 2).toPrecision(12))
}
