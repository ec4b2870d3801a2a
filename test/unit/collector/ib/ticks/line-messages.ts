/** Messages of a line as plain data, and an assembler that keeps what it is asked to hand on. */

import { Assembler } from '../../../../../collector/ib/ticks/assemble.ts'
import type { FieldMessage, TickByTickMessage } from '../../../../../collector/ib/messages.ts'
import { marksText } from '../../../../../market/marks.ts'
import type { Tick } from '../../../../../market/tick.ts'

export const BID_SIZE = 0
export const BID = 1
export const ASK = 2
export const ASK_SIZE = 3
export const LAST = 4
export const LAST_SIZE = 5
export const HIGH = 6
export const VOLUME = 8
export const CLOSE = 9
export const LAST_TIME = 45
export const RT_VOLUME = 48

/** Milliseconds of `performance.now()` at which a message came, when a test does not care. */
const AT_MS = 1000

export function price(
  reqId: number,
  tickType: number,
  price: number | undefined,
  size?: number,
  arrivalMs = AT_MS,
  mask?: number,
): FieldMessage {
  return { type: 'price', reqId, tickType, price, size, mask, arrivalMs }
}

export function size(reqId: number, tickType: number, size: number | undefined, arrivalMs = AT_MS): FieldMessage {
  return { type: 'size', reqId, tickType, size, arrivalMs }
}

export function text(reqId: number, tickType: number, text: string, arrivalMs = AT_MS): FieldMessage {
  return { type: 'text', reqId, tickType, text, arrivalMs }
}

export function generic(reqId: number, tickType: number, value: number | undefined, arrivalMs = AT_MS): FieldMessage {
  return { type: 'generic', reqId, tickType, value, arrivalMs }
}

export function greeks(reqId: number, tickType: number, values: Partial<Record<string, number>> = {}, arrivalMs = AT_MS): FieldMessage {
  const none = { impliedVolatility: undefined, delta: undefined, gamma: undefined, vega: undefined, theta: undefined }
  return {
    type: 'greeks',
    reqId,
    tickType,
    ...none,
    optionPrice: undefined,
    pvDividend: undefined,
    underlyingPrice: undefined,
    ...values,
    arrivalMs,
  }
}

export function trade(reqId: number, values: Partial<Extract<TickByTickMessage, { type: 'tick-by-tick-trade' }>> = {}): TickByTickMessage {
  const none = { eventTsUs: undefined, price: undefined, size: undefined, venue: undefined, conditions: undefined }
  return { type: 'tick-by-tick-trade', reqId, arrivalMs: AT_MS, ...none, ...values }
}

export function quote(reqId: number, values: Partial<Extract<TickByTickMessage, { type: 'tick-by-tick-quote' }>> = {}): TickByTickMessage {
  const none = { eventTsUs: undefined, bidPrice: undefined, askPrice: undefined, bidSize: undefined, askSize: undefined }
  return { type: 'tick-by-tick-quote', reqId, arrivalMs: AT_MS, ...none, ...values }
}

/** The market's time in these tests: milliseconds of arrival as microseconds. */
export const usAt = (arrivalMs: number): number => arrivalMs * 1000

export interface Assembled {
  assembler: Assembler
  /** What came out, in order, without the fields that a recorder sets, and without marks. */
  ticks: Record<string, unknown>[]
  /** Their marks, empty without any. */
  marks: string[]
  /** Their stamps. */
  arrivalsUs: number[]
  aliveLines: number[]
  unknownLines: number[]
  unknownTypes: number[]
}

export function recordingAssembler(silenceMs?: number): Assembled {
  const ticks: Record<string, unknown>[] = []
  const marks: string[] = []
  const arrivalsUs: number[] = []
  const aliveLines: number[] = []
  const unknownLines: number[] = []
  const unknownTypes: number[] = []
  const assembler = new Assembler({ ...(silenceMs !== undefined && { silenceMs }), usAt })
  assembler.connect({
    onTick(tick, arrivalUs) {
      ticks.push(bare(tick))
      marks.push(marksText(tick.marks) ?? '')
      arrivalsUs.push(arrivalUs)
    },
    onLineAlive: (reqId) => aliveLines.push(reqId),
    onUnknownLine: (reqId) => unknownLines.push(reqId),
    onUnknownType: (tickType) => unknownTypes.push(tickType),
  })
  return { assembler, ticks, marks, arrivalsUs, aliveLines, unknownLines, unknownTypes }
}

/** A tick without `seq`, `tsUs` and marks, and without absent fields. */
export function bare({ seq: _seq, tsUs: _tsUs, marks: _marks, ...rest }: Tick): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
}
