/** What the gateway said, in the order in which it said it, as plain data. The link's listeners make these and do nothing else. */

interface MessageBase {
  /** `performance.now()` when it came. */
  arrivalMs: number
}

/** One field of a market-data line, by the request id under which the line was opened. Absent values are `undefined`. */
export type FieldMessage = MessageBase & {
  reqId: number
  tickType: number
} /** `mask`: IB's attributes of the price (ticks/masks.ts). */ & (
    | { type: 'price'; price: number | undefined; size: number | undefined; mask?: number | undefined }
    | { type: 'size'; size: number | undefined }
    | { type: 'text'; text: string }
    | { type: 'generic'; value: number | undefined }
    | {
        type: 'greeks'
        impliedVolatility: number | undefined
        delta: number | undefined
        gamma: number | undefined
        vega: number | undefined
        theta: number | undefined
        optionPrice: number | undefined
        pvDividend: number | undefined
        underlyingPrice: number | undefined
      }
  )

/** A whole tick of a tick-by-tick line. `eventTsUs` is the venue's time, which IB gives in whole seconds. */
export type TickByTickMessage = MessageBase & { reqId: number; eventTsUs: number | undefined } & (
    | {
        type: 'tick-by-tick-trade'
        price: number | undefined
        size: number | undefined
        venue: string | undefined
        conditions: string | undefined
        /** IB's attributes (ticks/masks.ts). */
        mask?: number | undefined
      }
    | {
        type: 'tick-by-tick-quote'
        bidPrice: number | undefined
        askPrice: number | undefined
        bidSize: number | undefined
        askSize: number | undefined
        /** IB's attributes (ticks/masks.ts). */
        mask?: number | undefined
      }
  )

/** Data of one line. */
export type LineMessage = FieldMessage | TickByTickMessage

export type ControlMessage = MessageBase &
  (
    | { type: 'current-time'; value: number }
    /**
     * The line exists for the gateway: it named its parameters, or the type of its data from here on (`isDelayedType`). `bboExchange`
     * is the key to the letters of venues in the line's data.
     */
    | { type: 'line-accepted'; reqId: number; marketDataType?: number; bboExchange?: string }
    /** A message without a request: connectivity, farms, the end of a tape. */
    | { type: 'notice'; code: number; text: string }
    /** An answer to a request that failed. */
    | { type: 'error'; reqId: number; code: number; text: string }
  )

export type GatewayMessage = LineMessage | ControlMessage

export function isLineMessage(message: GatewayMessage): message is LineMessage {
  return 'tickType' in message || message.type === 'tick-by-tick-quote' || message.type === 'tick-by-tick-trade'
}
