/** Requests that faults meet, by the names of their handlers, and which of them are about the chosen lines. */

import { z } from 'zod'

import type { LineFeed } from '../../book/channel.ts'
import type { ContractBook } from '../../contracts/contracts.ts'
import { NO_REQUEST } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { REQUESTS } from '../../server/handlers/index.ts'
import { chooseLines, type LineFields, lineNames } from '../lines.ts'

const NAMES: readonly string[] = [...new Set(REQUESTS.map(({ name }) => name))].toSorted()
const EXPECTED = `names of requests: ${NAMES.join(', ')}`
const FEEDS: Readonly<Record<string, LineFeed>> = { 'market-data': 'market-data', 'contract-details': 'market-data' }

export const requests = z
  .array(
    z.string({ error: EXPECTED }).refine((name) => NAMES.includes(name), { error: EXPECTED }),
    { error: EXPECTED },
  )
  .min(1, { error: EXPECTED })

interface ContractRequest {
  reqId: number
  query: ContractQuery
}

/** Sees a request under the name of its handler; returns its id when it is meant, `NO_REQUEST` for one that has none, else undefined. */
export type RequestChoice = (name: string, request: object) => number | undefined

/**
 * Chooses requests by name and, where they are about a contract, by lines; others only when all lines are meant.
 * The choice throws a RequestError when the contract is described in a way that means nothing.
 */
export function chooseRequests(fault: LineFields & { requests: readonly string[] }, contracts: ContractBook): RequestChoice {
  const names = new Set(fault.requests)
  const isChosen = chooseLines(fault)
  const areAll = lineNames(fault).includes('all') && fault.feed === undefined
  return (name, request) => {
    if (!names.has(name)) return undefined
    if (areAll) return 'reqId' in request && typeof request.reqId === 'number' ? request.reqId : NO_REQUEST
    if (!isContractRequest(request)) return undefined
    const feed = FEEDS[name] ?? 'tick-by-tick'
    return contracts.find(request.query, request.reqId).some((listed) => isChosen(listed, feed)) ? request.reqId : undefined
  }
}

function isContractRequest(request: object): request is ContractRequest {
  return 'query' in request && 'reqId' in request
}
