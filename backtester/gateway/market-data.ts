/** Opens and closes lines: market data, snapshots of it, tick-by-tick data. */

import type { Client } from './answers.ts'
import { Code } from './codes.ts'
import { MIN_TICK } from './contract-details.ts'
import type { ListedContract } from './contracts.ts'
import { RequestError } from './field-reader.ts'
import type { Line } from './line.ts'
import * as messages from './messages.ts'
import type { ContractQuery, MarketDataRequest, TickByTickRequest } from './requests.ts'

/** Market data types of IB: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen. */
const LIVE = 1
const DELAYED = 3

export function openLine({ reqId, query, generics, snapshot, regulatorySnapshot }: MarketDataRequest, client: Client): void {
  const { host, writer, lines } = client
  refuseTakenId(reqId, client)
  if (regulatorySnapshot) throw new RequestError(Code.invalidRequest, reqId, 'A regulatory snapshot is not served by the replay gateway')
  if (snapshot && generics.size > 0)
    throw new RequestError(Code.invalidRequest, reqId, 'Snapshot market data subscription is not applicable to generic ticks')
  const listed = findOne(query, reqId, client)
  if (host.sampler.openLines - host.sampler.openTickLines >= host.maxLines)
    throw new RequestError(Code.tooManyLines, reqId, 'Max number of tickers has been reached')
  const { nowUs } = host
  const isDelayed = client.dataType >= DELAYED
  client.atTapeTime(nowUs, false)
  messages.writeMarketDataType(writer, reqId, isDelayed ? client.dataType : LIVE)
  messages.writeTickReqParams(writer, reqId, MIN_TICK)
  if (snapshot) {
    openSnapshot(listed, reqId, isDelayed, client)
    return
  }
  lines.set(reqId, host.sampler.open(listed, reqId, client, nowUs, { generics, isDelayed }))
  host.lineOpened()
}

/** @throws RequestError 300 when there is no such line. */
export function closeLine(reqId: number, { host, lines }: Client): void {
  const line = lines.get(reqId)
  if (!line) throw unknownId(reqId)
  lines.delete(reqId)
  host.sampler.close(line)
}

/** A line that ends itself: once both sides of its quote were told, or when it has waited for long enough. */
function openSnapshot(listed: ListedContract, reqId: number, isDelayed: boolean, client: Client): void {
  const { host, lines, writer } = client
  const end = () => {
    clearTimeout(timer)
    // Cancelled meanwhile.
    if (lines.get(reqId) !== line) return
    closeLine(reqId, client)
    messages.writeSnapshotEnd(writer, reqId)
    client.flush()
  }
  const timer = setTimeout(end, host.limits.snapshotMs)
  timer.unref()
  // The sampler is in the middle of its lines when it sends.
  const onSent = () => {
    if (line?.book.isTwoSided) queueMicrotask(end)
  }
  let line: Line | undefined
  line = host.sampler.open(listed, reqId, client, host.nowUs, { isDelayed, onSent })
  lines.set(reqId, line)
  onSent()
}

export function openTicks({ reqId, query, kind, ignoreSize }: TickByTickRequest, client: Client): void {
  const { host, tickLines, ticksAsked } = client
  refuseTakenId(reqId, client)
  const listed = findOne(query, reqId, client)
  if (listed.secType === 'OPT')
    throw new RequestError(
      Code.tickByTickUnsupported,
      reqId,
      'Failed to request tick-by-tick data:Tick-by-tick data of options is not available, only samples of it are',
    )
  const { tickByTick, tickByTickAgainMs } = host.limits
  if (host.sampler.openTickLines >= tickByTick)
    throw new RequestError(Code.tooManyTickByTick, reqId, 'Max number of tick-by-tick requests has been reached')
  const name = `${listed.conId} ${kind}`
  const nowMs = performance.now()
  if (nowMs - (ticksAsked.get(name) ?? Number.NEGATIVE_INFINITY) < tickByTickAgainMs)
    throw new RequestError(
      Code.tooManyTickByTick,
      reqId,
      `Max number of tick-by-tick requests has been reached: one per instrument within ${tickByTickAgainMs / 1000} s`,
    )
  ticksAsked.set(name, nowMs)
  client.atTapeTime(host.nowUs, false)
  tickLines.set(reqId, host.sampler.openTicks(listed, reqId, kind, ignoreSize, client, host.nowUs))
  host.lineOpened()
}

/** @throws RequestError 300 when there is no such line. */
export function closeTicks(reqId: number, { host, tickLines }: Client): void {
  const line = tickLines.get(reqId)
  if (!line) throw unknownId(reqId)
  tickLines.delete(reqId)
  host.sampler.closeTicks(line)
}

/**
 * The one contract that is described.
 *
 * @throws RequestError 200 when there is none, or several.
 */
export function findOne(query: ContractQuery, reqId: number, { host }: Client): ListedContract {
  const [listed, another] = host.contracts.find(query, reqId)
  if (!listed) throw unknownContract(reqId)
  if (another)
    throw new RequestError(Code.unknownContract, reqId, `The contract description specified for ${listed.contract.symbol} is ambiguous`)
  return listed
}

export function unknownContract(reqId: number): RequestError {
  return new RequestError(Code.unknownContract, reqId, 'No security definition has been found for the request')
}

function unknownId(reqId: number): RequestError {
  return new RequestError(Code.unknownTickerId, reqId, `Can't find EId with tickerId:${reqId}`)
}

function refuseTakenId(reqId: number, { lines, tickLines }: Client): void {
  if (lines.has(reqId) || tickLines.has(reqId)) throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
}
