/** reqTickByTickData: opens a tick-by-tick line, behind the latest ticks as history when a number of them is asked for. */

import { type TicksWanted, ticksQuery } from '../../history/ticks-query.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import type { TickKind } from '../../protocol/tick-types.ts'
import type { Client } from '../client.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { refuseTakenId } from './line-ids.ts'

interface TickByTickRequest {
  reqId: number
  query: ContractQuery
  kind: TickKind
  /** So many of the latest ticks are wanted ahead. */
  count: number
  ignoreSize: boolean
}

/** The one venue of whose indices IB has tick-by-tick data (https://interactivebrokers.github.io/tws-api/tick_data.html). */
const TICK_BY_TICK_INDICES = 'CME'
const KINDS: readonly TickKind[] = ['Last', 'AllLast', 'BidAsk', 'MidPoint']
/** What history calls the ticks of a tick-by-tick line. */
const TICKS_SHOWN: Readonly<Record<TickKind, string>> = { Last: 'TRADES', AllLast: 'TRADES', BidAsk: 'BID_ASK', MidPoint: 'MIDPOINT' }

export const tickByTick: RequestHandler<TickByTickRequest> = {
  id: 97,
  name: 'tick-by-tick',
  read(reader) {
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    const text = reader.text('tickType')
    const kind = KINDS.find((known) => known === text)
    if (!kind) throw reader.invalid('tickType', KINDS.join(', '), text)
    const count = reader.decimal('numberOfTicks') ?? 0
    if (!Number.isInteger(count) || count < 0) throw reader.invalid('numberOfTicks', 'a whole number', String(count))
    return { reqId, query, kind, count, ignoreSize: reader.flag('ignoreSize') }
  },
  answer(request, client) {
    const { reqId, query, kind, ignoreSize, count } = request
    const { host, tickLines } = client
    refuseTakenId(reqId, client)
    const listed = findOne(query, reqId, client)
    const unsupported = unsupportedOf(listed)
    if (unsupported !== undefined)
      throw new RequestError(
        Code.tickByTickUnsupported,
        reqId,
        `Failed to request tick-by-tick data:Tick-by-tick data of ${unsupported} is not available, only samples of it are`,
      )
    takePlace(listed, request, client)
    const { nowUs } = host
    if (count > 0) askLastTicks(request, listed, client)
    client.atTapeTime(nowUs, false)
    tickLines.set(reqId, host.sampler.openTicks(listed, reqId, client, nowUs, { kind, ignoreSize, ...(count > 0 && { afterUs: nowUs }) }))
    host.lineOpened()
  },
}

/** What IB has no tick-by-tick data of. */
function unsupportedOf({ secType, exchange }: ListedContract): string | undefined {
  if (secType === 'OPT') return 'options'
  return secType === 'IND' && exchange !== TICK_BY_TICK_INDICES ? 'indices' : undefined
}

/** @throws RequestError 10190 when too many lines are open, or the same data was asked for a moment ago. */
function takePlace({ conId }: ListedContract, { reqId, kind }: TickByTickRequest, { host, ticksAsked }: Client): void {
  const { tickByTick, tickByTickAgainMs } = host.limits
  if (host.sampler.openTickLines >= tickByTick)
    throw new RequestError(Code.tooManyTickByTick, reqId, 'Max number of tick-by-tick requests has been reached')
  const name = `${conId} ${kind}`
  const nowMs = performance.now()
  if (nowMs - (ticksAsked.get(name) ?? Number.NEGATIVE_INFINITY) < tickByTickAgainMs)
    throw new RequestError(
      Code.tooManyTickByTick,
      reqId,
      `Max number of tick-by-tick requests has been reached: one per instrument within ${tickByTickAgainMs / 1000} s`,
    )
  ticksAsked.set(name, nowMs)
}

/** The latest ticks come as history, ahead of all others: the tape waits for them. */
function askLastTicks({ reqId, kind, ignoreSize, count }: TickByTickRequest, listed: ListedContract, client: Client): void {
  const { history, nowUs } = client.host
  const wanted: TicksWanted = {
    reqId,
    listed,
    fromUs: 0,
    toUs: nowUs,
    count,
    isFirst: false,
    whatToShow: TICKS_SHOWN[kind],
    useRth: false,
    ignoreSize,
  }
  const query = ticksQuery(wanted)
  if (query) history.ask({ ...query, done: client.host.holdTape() }, client)
}
