/** Finds the contract that a client describes. */

import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { Client } from '../client.ts'

/**
 * Returns the one contract that fits.
 *
 * @throws RequestError 200 when there is none, or several.
 */
export function findOne(query: ContractQuery, reqId: number, { host }: Client): ListedContract {
  const [listed, another] = host.contracts.find(query, reqId, host.nowUs)
  if (!listed) throw unknownContract(reqId)
  if (another)
    throw new RequestError(Code.unknownContract, reqId, `The contract description specified for ${listed.contract.symbol} is ambiguous`)
  return listed
}

export function unknownContract(reqId: number): RequestError {
  return new RequestError(Code.unknownContract, reqId, 'No security definition has been found for the request')
}
