/** How long a record takes to the strategy, and an order to the venue, in microseconds. */

export interface LatencyModel {
  readonly name: string
  feedUs(): number
  orderUs(): number
}

/** Everything arrives at once. */
export const none = (): LatencyModel => ({ name: 'none', feedUs: () => 0, orderUs: () => 0 })

/** Always the same. */
export const fixed = ({ feedMs, orderMs }: { feedMs: number; orderMs: number }): LatencyModel => ({
  name: 'fixed',
  feedUs: () => Math.round(feedMs * 1000),
  orderUs: () => Math.round(orderMs * 1000),
})
