/**
 * calculateImpliedVolatility and calculateOptionPrice: computed at tape time, for the price of the underlying that the client names.
 * Numbers that explain nothing are answered with IB's values for what is not known.
 */

import { OptionModel } from '../../book/option-model.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { type OptionFigures, writeOptionComputation } from '../../protocol/messages.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import { GREEKS_TYPES } from '../../protocol/tick-types.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'

interface CalculationRequest {
  reqId: number
  query: ContractQuery
  /** What is given: the price of the option, or its volatility. NaN: nothing. */
  given: number
  underlyingPrice: number
}

interface Calculation {
  /** The figures of what was given. */
  figures: (model: OptionModel, tsUs: number, request: CalculationRequest) => OptionFigures | undefined
  /** What is sent where there are none. */
  unknown: (request: CalculationRequest) => OptionFigures
}

function calculationOf(
  id: number,
  name: string,
  givenField: string,
  { figures, unknown }: Calculation,
): RequestHandler<CalculationRequest> {
  return {
    id,
    name,
    read(reader) {
      reader.skip('version')
      const reqId = reader.reqId()
      const query = readTradable(reader, reqId)
      const given = reader.decimal(givenField) ?? Number.NaN
      return { reqId, query, given, underlyingPrice: reader.decimal('underPrice') ?? Number.NaN }
    },
    answer(request, client) {
      const { reqId } = request
      const { host, writer } = client
      const { contract } = findOne(request.query, reqId, client)
      if (contract.kind !== 'option')
        throw new RequestError(Code.failedRequest, reqId, `Expected an option to compute, found ${contract.symbol} (${contract.kind})`)
      const model = new OptionModel(contract, host.carryRate)
      writeOptionComputation(writer, reqId, GREEKS_TYPES.custom, figures(model, host.nowUs, request) ?? unknown(request))
    },
  }
}

export const calculateImpliedVolatility = calculationOf(54, 'calculate-implied-volatility', 'optionPrice', {
  figures: (model, tsUs, { given, underlyingPrice }) => model.ofPrice(tsUs, underlyingPrice, given),
  unknown: ({ given, underlyingPrice }) => ({ optionPrice: given, underlyingPrice }),
})

export const calculateOptionPrice = calculationOf(55, 'calculate-option-price', 'volatility', {
  figures: (model, tsUs, { given, underlyingPrice }) => model.ofVolatility(tsUs, underlyingPrice, given),
  unknown: ({ given, underlyingPrice }) => ({ impliedVolatility: given, underlyingPrice }),
})
