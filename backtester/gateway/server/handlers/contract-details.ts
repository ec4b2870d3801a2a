/** reqContractDetails. */

import { contractDetails as detailsOf } from '../../contracts/contract-details.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import { readContract } from '../../protocol/read-contract.ts'
import { unknownContract } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'

export const contractDetails: RequestHandler<{ reqId: number; query: ContractQuery }> = {
  id: 9,
  name: 'contract-details',
  read(reader) {
    reader.skip('version')
    const reqId = reader.reqId()
    const query = readContract(reader)
    reader.skip('includeExpired')
    if (reader.text('secIdType') !== '' || reader.text('secId') !== '')
      throw new RequestError(Code.unknownContract, reqId, 'A tape knows no ISIN, CUSIP or other security id: ask by symbol or conId')
    return { reqId, query }
  },
  answer({ reqId, query }, { host, writer, serverVersion }) {
    const found = host.contracts.find(query, reqId, host.nowUs)
    if (found.length === 0) throw unknownContract(reqId)
    for (const listed of found) {
      const underSecType = host.contracts.byConId(listed.underConId)?.secType ?? ''
      for (const exchange of exchangesOf(listed, query)) {
        const details = detailsOf(listed, host.nowUs, underSecType, exchange)
        messages.writeContractData(writer, reqId, details, serverVersion)
      }
    }
    messages.writeContractDataEnd(writer, reqId)
  },
}

/** The venue that was asked for. Without one, IB lists an option once for each of its venues, and anything else once. */
function exchangesOf({ secType, exchange, venues }: ListedContract, query: ContractQuery): readonly string[] {
  if (query.exchange !== '') return [venues.includes(query.exchange) ? query.exchange : exchange]
  return secType === 'OPT' && query.conId === undefined ? venues : [exchange]
}
