/** What a ready client gets for each of its requests. */

import { Code, NO_REQUEST } from './codes.ts'
import { contractDetails, MIN_TICK } from './contract-details.ts'
import { type ContractBook, type ListedContract, SMART } from './contracts.ts'
import type { Line, Outlet } from './line.ts'
import * as messages from './messages.ts'
import { type Request, RequestError } from './requests.ts'
import type { Sampler } from './sampler.ts'

/** What all clients share. */
export interface Services {
  readonly contracts: ContractBook
  readonly sampler: Sampler
  /** Market-data lines that may be open at once, over all clients as IB counts them. */
  readonly maxLines: number
  /** Tape time. */
  readonly nowUs: number
  /** To be called behind each opened line. */
  lineOpened(): void
}

/** The client whose request is answered. */
export interface Client extends Outlet {
  readonly host: Services
  readonly serverVersion: number
  /** Open lines by request id. */
  readonly lines: Map<number, Line>
}

const LIVE = 1
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
      messages.writeCurrentTime(client.writer, Math.floor(client.host.nowUs / US_PER_SECOND))
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
      closeLine(request, client)
      return
    case 'market-data-type':
      // Answered by each line as it opens, as IB does. A tape has no delayed or frozen data, so it stays at live.
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

function openLine({ reqId, query, snapshot }: Asked<'market-data'>, client: Client): void {
  const { host, writer, lines } = client
  if (lines.has(reqId)) throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
  if (snapshot) throw notServed(reqId, 'A snapshot of market data')
  const [listed, another] = host.contracts.find(query, reqId)
  if (!listed) throw unknownContract(reqId)
  if (another) throw ambiguousContract(reqId, listed)
  if (host.sampler.openLines >= host.maxLines) throw new RequestError(Code.tooManyLines, reqId, 'Max number of tickers has been reached')
  const { nowUs } = host
  client.atTapeTime(nowUs, false)
  messages.writeMarketDataType(writer, reqId, LIVE)
  messages.writeTickReqParams(writer, reqId, MIN_TICK)
  lines.set(reqId, host.sampler.open(listed, reqId, client, nowUs))
  host.lineOpened()
}

function closeLine({ reqId }: Asked<'cancel-market-data'>, { host, lines }: Client): void {
  const line = lines.get(reqId)
  if (!line) throw new RequestError(Code.unknownTickerId, reqId, `Can't find EId with tickerId:${reqId}`)
  lines.delete(reqId)
  host.sampler.close(line)
}

function unknownContract(reqId: number): RequestError {
  return new RequestError(Code.unknownContract, reqId, 'No security definition has been found for the request')
}

function ambiguousContract(reqId: number, { contract }: ListedContract): RequestError {
  return new RequestError(Code.unknownContract, reqId, `The contract description specified for ${contract.symbol} is ambiguous`)
}

function notServed(reqId: number, name: string): RequestError {
  return new RequestError(Code.invalidRequest, reqId, `${name} is not served by the replay gateway`)
}
