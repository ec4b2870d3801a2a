/** What the gateway said, in the order in which it said it, as plain data. The link's listeners make these and do nothing else. */

interface MessageBase {
  /** `performance.now()` when it came. */
  arrivalMs: number
}

/** Market data of one line, by the request id under which the line was opened. Absent values are `undefined`. */
export type LineMessage = MessageBase & { reqId: number; tickType: number } & (
    | { type: 'price'; price: number | undefined; size: number | undefined }
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

export type ControlMessage = MessageBase &
  (
    | { type: 'current-time'; value: number }
    /** The line exists for the gateway: it named its data type or its parameters. */
    | { type: 'line-accepted'; reqId: number }
    /** A message without a request: connectivity, farms, the end of a tape. */
    | { type: 'notice'; code: number; text: string }
    /** An answer to a request that failed. */
    | { type: 'error'; reqId: number; code: number; text: string }
  )

export type GatewayMessage = LineMessage | ControlMessage

export function isLineMessage(message: GatewayMessage): message is LineMessage {
  return 'tickType' in message
}
