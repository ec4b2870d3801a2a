/** Gateways that play faults beside a small tape: a new quote of a stock and of one option every second. */

import { expect, vi } from 'vitest'

import { parseFaultScript } from '../../../backtester/gateway/faults/script.ts'
import type { GatewayOptions } from '../../../backtester/gateway/server/gateway.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { PATIENTLY } from '../waiting.ts'
import {
  JUNE_70_CALL,
  marketDataRequest,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type ServedTape,
  type TapeRoom,
  TWX,
  tapeOf,
} from './gateway-tape.ts'
import { RawTwsClient } from './raw-tws-client.ts'

/** Request ids of the lines. */
export const STOCK = 1
export const OPTION = 2
/** How long the tape is. */
export const SECONDS = 100

/** A new quote of the stock and of one option every second. */
function everySecond(): TapeRecord[] {
  return Array.from({ length: SECONDS }, (_, i) => [
    quoteAt(i * SECOND_US, 0, [70 + i / 100, 1], [71 + i / 100, 1]),
    quoteAt(i * SECOND_US, 1, [1 + i / 100, 1], [2 + i / 100, 1]),
  ]).flat()
}

/** A gateway that plays these faults, and publishes its time. */
export function serveFaults(room: TapeRoom, faults: readonly string[], options: Partial<GatewayOptions> = {}): Promise<ServedTape> {
  const script = parseFaultScript(`faults:\n${faults.map((fault) => `  - { ${fault} }\n`).join('')}`, 'test.yaml')
  return room.serve(tapeOf(everySecond()), { publishTime: true, startAfterLines: 2, faults: script, ...options })
}

export const connect = (port: number, clientId = 1) => RawTwsClient.connect({ port, clientId })

/** Asks for both lines. */
export function ask(client: RawTwsClient): void {
  client.send(...marketDataRequest(STOCK, TWX))
  client.send(...marketDataRequest(OPTION, JUNE_70_CALL))
}

/** Waits for the end of the tape. */
export const whole = async (client: RawTwsClient) => void (await client.frame('4|2|-1|99000|'))

/** Seconds of tape time at which frames came that begin so, by the time that was published last. */
export function secondsOf({ frames }: RawTwsClient, ...prefixes: string[]): number[] {
  const seconds: number[] = []
  let nowUs = OPEN_US
  for (const frame of frames) {
    if (frame.startsWith('49|1|')) nowUs = Number(frame.split('|')[2])
    else if (prefixes.some((prefix) => frame.startsWith(prefix))) seconds.push((nowUs - OPEN_US) / SECOND_US)
  }
  return [...new Set(seconds)]
}

/** Prices and sizes of a line. */
export const dataOf = (client: RawTwsClient, reqId: number) => secondsOf(client, `1|6|${reqId}|`, `2|6|${reqId}|`)
/** Whole numbers up to `end`. */
export const from = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i)
/** Waits until so many faults have begun. */
export const begun = (logged: readonly string[], count: number) =>
  vi.waitFor(() => expect(logged.filter((line) => line.includes('A fault begins'))).toHaveLength(count), PATIENTLY)
