/** Requests that faults can refuse or leave unanswered, and which lines they are about. */

import { z } from 'zod'

import type { LineFeed } from '../../book/channel.ts'
import type { ContractBook } from '../../contracts/contracts.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import type { LineChoice } from '../lines.ts'
import { oneOf } from '../fields.ts'

const NAMES = ['market-data', 'tick-by-tick', 'contract-details', 'historical-data', 'historical-ticks'] as const
const FEEDS: Readonly<Record<string, LineFeed>> = { 'market-data': 'market-data', 'contract-details': 'market-data' }

export const requests = z.array(oneOf(NAMES), { error: `a list of ${NAMES.join(', ')}` }).min(1, { error: `a list of ${NAMES.join(', ')}` })

interface ContractRequest {
  reqId: number
  query: ContractQuery
}

/**
 * The id of a request that is about one of the chosen lines; undefined for others.
 *
 * @throws RequestError when the contract is described in a way that means nothing.
 */
export function chosenRequest(name: string, request: object, contracts: ContractBook, isChosen: LineChoice): number | undefined {
  if (!isContractRequest(request)) return undefined
  const { reqId, query } = request
  const feed = FEEDS[name] ?? 'tick-by-tick'
  return contracts.find(query, reqId).some((listed) => isChosen(listed, feed)) ? reqId : undefined
}

function isContractRequest(request: object): request is ContractRequest {
  return 'query' in request && 'reqId' in request
}
