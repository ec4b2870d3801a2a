/** reqMktData: opens a line of market data, or takes a snapshot of it. */

import type { Book } from '../../book/book.ts'
import { DELAYED, dataTypeOf, type Line } from '../../book/market-data-line.ts'
import { isTwoSided } from '../../book/quote-sides.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { genericEntries, genericNumber, genericsRefusal } from '../../protocol/generic-ticks.ts'
import * as messages from '../../protocol/messages.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import { TickType, wireType } from '../../protocol/tick-types.ts'
import type { Client } from '../client.ts'
import { closeLine } from './cancel-market-data.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { refuseTakenId } from './line-ids.ts'

interface MarketDataRequest {
  reqId: number
  query: ContractQuery
  /** As the client wrote them. */
  generics: readonly string[]
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
    const generics = genericEntries(reader.text('genericTickList'))
    const snapshot = reader.flag('snapshot')
    return { reqId, query, generics, snapshot, regulatorySnapshot: reader.flag('regulatorySnapshot') }
  },
  answer({ reqId, query, generics, snapshot, regulatorySnapshot }, client) {
    const { host, writer, lines } = client
    refuseTakenId(reqId, client)
    // IB charges the account for each of them, so a client must not learn here that they are free.
    if (regulatorySnapshot)
      throw new RequestError(
        Code.notSubscribed,
        reqId,
        'Requested market data is not subscribed: a regulatory snapshot, which costs money at IB, is not served. Ask for a snapshot.',
      )
    if (snapshot && generics.length > 0)
      throw new RequestError(Code.invalidRequest, reqId, 'Snapshot market data subscription is not applicable to generic ticks')
    const listed = findOne(query, reqId, client)
    const refusal = genericsRefusal(generics, listed.secType)
    if (refusal !== undefined) throw new RequestError(Code.invalidRequest, reqId, refusal)
    if (host.sampler.openLines - host.sampler.openTickLines >= host.maxLines)
      throw new RequestError(Code.tooManyLines, reqId, 'Max number of tickers has been reached')
    const { nowUs } = host
    client.atTapeTime(nowUs, false)
    const book = host.sampler.book(listed)
    if (book.isDelayed)
      messages.writeError(writer, reqId, Code.delayedShown, 'Requested market data is not subscribed. Displaying delayed market data.')
    messages.writeMarketDataType(writer, reqId, dataTypeOf(client.dataType, book))
    messages.writeTickReqParams(writer, reqId, listed.rule.minTick)
    if (host.announcesTrading && !book.state?.statistics.has('halted')) announceTrading(reqId, book, client)
    if (snapshot) {
      openSnapshot(listed, reqId, client)
      return
    }
    const numbers = new Set(generics.map(genericNumber))
    lines.set(reqId, host.sampler.open(listed, reqId, client, nowUs, { generics: numbers, dataType: client.dataType }))
    host.lineOpened()
  },
}

/** IB says with every line whether trading is halted, also when it is not; a tape may be silent about it. */
function announceTrading(reqId: number, book: Book, { host, writer, dataType }: Client): void {
  const notHalted = 0
  messages.writeTickGeneric(writer, reqId, wireType(TickType.halted, dataTypeOf(dataType, book) >= DELAYED), notHalted)
  host.sampler.countAnnounced()
}

/** A line that ends itself: once both sides of its quote were sent, or of an index its value, or when it has waited for long enough. */
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
    const { quote, state } = line?.book ?? {}
    if (isTwoSided(quote) || (listed.secType === 'IND' && state?.lastTrade)) queueMicrotask(end)
  }
  let line: Line | undefined
  line = host.sampler.open(listed, reqId, client, host.nowUs, { dataType, onSent })
  lines.set(reqId, line)
  onSent()
}
