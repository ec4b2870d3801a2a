/** Opens and closes lines: market data, snapshots of it, tick-by-tick data. */

import type { Client } from './answers.ts'
import { Code } from '../protocol/codes.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { RequestError } from '../protocol/field-reader.ts'
import { findOne } from '../contracts/find-contract.ts'
import { ticksQuery } from '../history/historical-ticks.ts'
import { dataTypeOf, type Line } from '../book/line.ts'
import * as messages from '../protocol/messages.ts'
import type { TickKind } from '../book/tick-line.ts'
import type { MarketDataRequest, TickByTickRequest } from '../protocol/requests.ts'

/** What history calls the ticks of a tick-by-tick line. */
const TICKS_SHOWN: Readonly<Record<TickKind, string>> = { Last: 'TRADES', AllLast: 'TRADES', BidAsk: 'BID_ASK', MidPoint: 'MIDPOINT' }

export function openLine({ reqId, query, generics, snapshot, regulatorySnapshot }: MarketDataRequest, client: Client): void {
  const { host, writer, lines } = client
  refuseTakenId(reqId, client)
  // IB charges the account for each of them, so a client shall not learn here that they come for free.
  if (regulatorySnapshot)
    throw new RequestError(Code.invalidRequest, reqId, 'A regulatory snapshot, which costs money at IB, is not served: ask for a snapshot')
  if (snapshot && generics.size > 0)
    throw new RequestError(Code.invalidRequest, reqId, 'Snapshot market data subscription is not applicable to generic ticks')
  const listed = findOne(query, reqId, client)
  if (host.sampler.openLines - host.sampler.openTickLines >= host.maxLines)
    throw new RequestError(Code.tooManyLines, reqId, 'Max number of tickers has been reached')
  const { nowUs } = host
  client.atTapeTime(nowUs, false)
  const book = host.sampler.book(listed)
  if (book.isDelayed)
    messages.writeError(writer, reqId, Code.delayedShown, 'Requested market data is not subscribed. Displaying delayed market data.')
  messages.writeMarketDataType(writer, reqId, dataTypeOf(client.dataType, book))
  messages.writeTickReqParams(writer, reqId, listed.rule.minTick)
  if (snapshot) {
    openSnapshot(listed, reqId, client)
    return
  }
  lines.set(reqId, host.sampler.open(listed, reqId, client, nowUs, { generics, dataType: client.dataType }))
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
function openSnapshot(listed: ListedContract, reqId: number, client: Client): void {
  const { host, lines, writer, dataType } = client
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
  line = host.sampler.open(listed, reqId, client, host.nowUs, { dataType, onSent })
  lines.set(reqId, line)
  onSent()
}

export function openTicks({ reqId, query, kind, ignoreSize, count }: TickByTickRequest, client: Client): void {
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
  const { nowUs } = host
  if (count > 0) askLastTicks({ reqId, kind, ignoreSize, count }, listed, client)
  client.atTapeTime(nowUs, false)
  tickLines.set(reqId, host.sampler.openTicks(listed, reqId, client, nowUs, { kind, ignoreSize, ...(count > 0 && { afterUs: nowUs }) }))
  host.lineOpened()
}

/** The latest ticks come as history, ahead of all others: the tape waits for them. */
function askLastTicks(
  { reqId, kind, ignoreSize, count }: Pick<TickByTickRequest, 'reqId' | 'kind' | 'ignoreSize' | 'count'>,
  listed: ListedContract,
  client: Client,
): void {
  const { history, nowUs } = client.host
  const wanted = { reqId, listed, fromUs: 0, toUs: nowUs, count, isFirst: false, whatToShow: TICKS_SHOWN[kind], useRth: false, ignoreSize }
  const query = ticksQuery(wanted)
  if (query) history.ask({ ...query, done: client.host.holdTape() }, client)
}

/** @throws RequestError 300 when there is no such line. */
export function closeTicks(reqId: number, { host, histories, tickLines }: Client): void {
  const line = tickLines.get(reqId)
  if (!line) throw unknownId(reqId)
  tickLines.delete(reqId)
  histories.delete(reqId)
  host.sampler.closeTicks(line)
}

function unknownId(reqId: number): RequestError {
  return new RequestError(Code.unknownTickerId, reqId, `Can't find EId with tickerId:${reqId}`)
}

function refuseTakenId(reqId: number, { histories, lines, tickLines }: Client): void {
  if (lines.has(reqId) || tickLines.has(reqId) || histories.has(reqId))
    throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
}
