/** reqMktData: opens a line of market data, or takes a snapshot of it. */

import { dataTypeOf, type Line } from '../../book/market-data-line.ts'
import { isTwoSided } from '../../book/quote-sides.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { type FieldReader, RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import type { Client } from '../client.ts'
import { closeLine } from './cancel-market-data.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { refuseTakenId } from './line-ids.ts'

interface MarketDataRequest {
  reqId: number
  query: ContractQuery
  generics: ReadonlySet<number>
  snapshot: boolean
  /** A snapshot that IB charges for. */
  regulatorySnapshot: boolean
}

export const marketData: RequestHandler<MarketDataRequest> = {
  id: 1,
  name: 'market-data',
  read(reader) {
    reader.skip('version')
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    if (reader.flag('deltaNeutral')) for (const name of ['conId', 'delta', 'price']) reader.skip(`deltaNeutral ${name}`)
    const generics = readGenerics(reader)
    const snapshot = reader.flag('snapshot')
    return { reqId, query, generics, snapshot, regulatorySnapshot: reader.flag('regulatorySnapshot') }
  },
  answer({ reqId, query, generics, snapshot, regulatorySnapshot }, client) {
    const { host, writer, lines } = client
    refuseTakenId(reqId, client)
    // IB charges the account for each of them, so a client must not learn here that they are free.
    if (regulatorySnapshot)
      throw new RequestError(
        Code.invalidRequest,
        reqId,
        'A regulatory snapshot, which costs money at IB, is not served: ask for a snapshot',
      )
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
  },
}

/** IB's numbers have three digits. Others are dropped, so that a list of a million of them does not stay in memory. */
function readGenerics(reader: FieldReader): ReadonlySet<number> {
  const numbers = reader
    .text('genericTickList')
    .split(/[,;]/)
    .map((name) => Number.parseInt(name, 10))
  return new Set(numbers.filter((generic) => generic > 0 && generic < 1000))
}

/** A line that ends itself: once both sides of its quote were sent, or when it has waited for long enough. */
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
  // Closing at once would change the sampler's list of lines while it walks it.
  const onSent = () => {
    if (isTwoSided(line?.book.quote)) queueMicrotask(end)
  }
  let line: Line | undefined
  line = host.sampler.open(listed, reqId, client, host.nowUs, { dataType, onSent })
  lines.set(reqId, line)
  onSent()
}
