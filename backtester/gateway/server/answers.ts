/** What a ready client gets for each of its requests. */

import type { BarLine } from '../book/bar-line.ts'
import { Code, NO_REQUEST } from '../protocol/codes.ts'
import { contractDetails } from '../contracts/contract-details.ts'
import { type ContractBook, SMART } from '../contracts/contracts.ts'
import { RequestError } from '../protocol/field-reader.ts'
import { historicalBarsQuery } from '../history/historical-bars.ts'
import { historicalTicksQuery } from '../history/historical-ticks.ts'
import { type Asker, type History, type HistoryQuery, historyText } from '../history/history.ts'
import type { HistoryPacing } from '../history/history-pacing.ts'
import { barSeconds } from '../history/history-times.ts'
import type { Limits } from './limits.ts'
import type { Line, Outlet } from '../book/line.ts'
import { unknownContract } from '../contracts/find-contract.ts'
import { closeLine, closeTicks, openLine, openTicks } from './market-data.ts'
import * as messages from '../protocol/messages.ts'
import type { Request } from '../protocol/requests.ts'
import type { Sampler } from '../book/sampler.ts'
import type { TickLine } from '../book/tick-line.ts'

/** What all clients share. */
export interface Services {
  readonly contracts: ContractBook
  readonly sampler: Sampler
  /** Market-data lines that may be open at once, over all clients as IB counts them. */
  readonly maxLines: number
  readonly limits: Limits
  readonly history: History
  readonly historyPacing: HistoryPacing
  /** Tape time stands still until what is returned was called. */
  holdTape(): () => void
  /** Tape time. */
  readonly nowUs: number
  /** To be called behind each opened line. */
  lineOpened(): void
}

/** The client whose request is answered. */
export interface Client extends Outlet, Asker {
  readonly host: Services
  readonly serverVersion: number
  /** Open lines by request id. */
  readonly lines: Map<number, Line>
  readonly tickLines: Map<number, TickLine>
  /** Bars that are kept up to date, by request id; their requests are among the histories. */
  readonly barLines: Map<number, BarLine>
  /** When tick-by-tick data was last asked for, by contract and kind, in milliseconds of the wall. */
  readonly ticksAsked: Map<string, number>
  /** What it wants: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen. */
  dataType: number
  /** When it was last told the time, in milliseconds of the wall. */
  timeToldMs: number
}

/** IB paces requests for bars up to this size. */
const PACED_BAR_SECONDS = 30
const US_PER_SECOND = 1_000_000

type Asked<T extends Request['type']> = Extract<Request, { type: T }>

/**
 * Writes the answer to one request.
 *
 * @throws RequestError when the answer is an error message.
 */
export function answer(request: Request, client: Client): void {
  switch (request.type) {
    case 'current-time':
      answerTime(client)
      return
    case 'contract-details':
      answerContractDetails(request, client)
      return
    case 'option-chain':
      answerOptionChain(request, client)
      return
    case 'market-data':
      openLine(request, client)
      return
    case 'cancel-market-data':
      closeLine(request.reqId, client)
      return
    case 'market-data-type':
      // Answered by each line as it opens, as IB does.
      client.dataType = request.dataType
      return
    case 'tick-by-tick':
      openTicks(request, client)
      return
    case 'cancel-tick-by-tick':
      closeTicks(request.reqId, client)
      return
    case 'historical-ticks':
      askHistory(historicalTicksQuery(request, client), client)
      return
    case 'historical-data':
      askBars(request, client)
      return
    case 'cancel-historical-data':
      cancelHistory(request, client)
      return
    case 'market-rule':
      answerMarketRule(request, client)
      return
    case 'empty':
      if (request.fields) messages.writeEmptyAnswer(client.writer, request.fields)
      return
    case 'positions':
      messages.writePositionEnd(client.writer)
      return
    case 'start-api':
      throw new RequestError(Code.invalidRequest, NO_REQUEST, 'The API was started already')
    case 'not-served':
      throw notServed(request.reqId, request.name)
  }
}

function answerTime(client: Client): void {
  const { host, writer } = client
  const nowMs = performance.now()
  if (nowMs - client.timeToldMs < host.limits.timeAgainMs) return
  client.timeToldMs = nowMs
  messages.writeCurrentTime(writer, Math.floor(host.nowUs / US_PER_SECOND))
}

function answerMarketRule({ ruleId }: Asked<'market-rule'>, { host, writer }: Client): void {
  const rule = host.contracts.rules.byId(ruleId)
  if (!rule) throw new RequestError(Code.invalidRequest, NO_REQUEST, `Expected a market rule that contract details name, found ${ruleId}`)
  messages.writeMarketRule(writer, ruleId, rule.steps)
}

function askBars(request: Asked<'historical-data'>, client: Client): void {
  const query = historicalBarsQuery(request, client)
  const { reqId, barSize, whatToShow } = request
  const { historyPacing, limits } = client.host
  const isPaced = limits.historyPacing && (barSeconds(barSize) ?? 0) <= PACED_BAR_SECONDS
  const series = `${query.listed.conId} ${request.query.exchange} ${whatToShow}`
  const whole = JSON.stringify({ ...request, reqId: 0, query: query.listed.conId })
  const weight = whatToShow === 'BID_ASK' ? 2 : 1
  if (isPaced && !historyPacing.take(whole, series, weight, performance.now()))
    throw new RequestError(Code.historyRefused, reqId, historyText('Historical data request pacing violation'))
  askHistory(query, client)
}

function askHistory(query: HistoryQuery, client: Client): void {
  const { reqId, isKept } = query
  const { history, limits } = client.host
  if (client.histories.has(reqId) || client.tickLines.has(reqId)) throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
  if (client.histories.size >= limits.openHistories)
    throw new RequestError(Code.historyRefused, reqId, historyText(`Only ${limits.openHistories} requests may be open at once`))
  // What follows an answer begins where it ends: the tape waits for it.
  history.ask(isKept ? { ...query, done: client.host.holdTape() } : query, client)
}

function cancelHistory({ reqId }: Asked<'cancel-historical-data'>, { host, histories, barLines, tickLines }: Client): void {
  const line = barLines.get(reqId)
  if (line) host.sampler.closeBars(line)
  barLines.delete(reqId)
  if (tickLines.has(reqId) || !histories.delete(reqId))
    throw new RequestError(Code.unknownHistory, reqId, `No historical data query found for ticker id:${reqId}`)
  throw new RequestError(Code.historyRefused, reqId, historyText(`API historical data query cancelled: ${reqId}`))
}

function answerContractDetails({ reqId, query }: Asked<'contract-details'>, client: Client): void {
  const { host, writer, serverVersion } = client
  const found = host.contracts.find(query, reqId)
  if (found.length === 0) throw unknownContract(reqId)
  for (const listed of found) {
    const details = contractDetails(listed, host.nowUs, host.contracts.byConId(listed.underConId)?.secType ?? '')
    messages.writeContractData(writer, reqId, details, serverVersion)
  }
  messages.writeContractDataEnd(writer, reqId)
}

function answerOptionChain(request: Asked<'option-chain'>, { writer, host }: Client): void {
  const { reqId, symbol, secType, conId, futFopExchange } = request
  if (conId <= 0) throw new RequestError(Code.invalidRequest, reqId, 'Invalid contract id')
  const underlying = host.contracts.byConId(conId)
  if (!underlying || underlying.contract.symbol !== symbol || underlying.secType !== secType) throw unknownContract(reqId)
  // An exchange asks for options on futures; IB answers with nothing for a stock.
  const chains = futFopExchange === '' ? host.contracts.chainsOn(conId) : []
  for (const chain of chains) messages.writeOptionChain(writer, reqId, SMART, chain)
  messages.writeOptionChainEnd(writer, reqId)
}

function notServed(reqId: number, name: string): RequestError {
  return new RequestError(Code.invalidRequest, reqId, `${name} is not served by the replay gateway`)
}
