/** Reads the contract of a request. */

import type { Right } from '../../../market/contract.ts'
import { Code } from './codes.ts'
import type { ContractQuery } from './contract-fields.ts'
import { type FieldReader, RequestError } from './field-reader.ts'

const EXPIRY = /^(\d{6}|\d{8})?$/
const RIGHTS: ReadonlyMap<string, Right | undefined> = new Map<string, Right | undefined>([
  ['', undefined],
  ['0', undefined],
  ['?', undefined],
  ['C', 'C'],
  ['CALL', 'C'],
  ['P', 'P'],
  ['PUT', 'P'],
])

/** A contract that can be on a tape. A combination is none; 321 would end no request in clients that take it for a warning. */
export function readTradable(reader: FieldReader, reqId: number): ContractQuery {
  const query = readContract(reader)
  if (query.secType === 'BAG')
    throw new RequestError(
      Code.unknownContract,
      reqId,
      'No security definition has been found for the request: combinations (BAG) are not on a tape',
    )
  return query
}

export function readContract(reader: FieldReader): ContractQuery {
  const conId = reader.decimal('conId')
  const symbol = reader.text('symbol')
  const secType = reader.text('secType').toUpperCase()
  const expiry = reader.text('lastTradeDateOrContractMonth')
  if (!EXPIRY.test(expiry)) throw reader.invalid('lastTradeDateOrContractMonth', 'YYYYMMDD or YYYYMM', expiry)
  const strike = reader.decimal('strike')
  const rightText = reader.text('right').toUpperCase()
  if (!RIGHTS.has(rightText)) throw reader.invalid('right', 'C or P', rightText)
  const multiplier = reader.decimal('multiplier')
  const exchange = reader.text('exchange').toUpperCase()
  reader.skip('primaryExchange')
  return {
    conId,
    symbol,
    secType,
    expiry,
    strike,
    right: RIGHTS.get(rightText),
    multiplier,
    exchange,
    currency: reader.text('currency').toUpperCase(),
    localSymbol: reader.text('localSymbol'),
    tradingClass: reader.text('tradingClass'),
  }
}
