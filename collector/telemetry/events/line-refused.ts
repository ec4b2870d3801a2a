import { type Contract, describeContract } from '../../../market/contract.ts'
import { isEntitlement } from '../../lines/entitlements.ts'
import type { EventContext } from './event.ts'

export interface LineRefused {
  contract: Contract
  code: number
  text: string
}

/** Logs a market-data line that is not served. The table of entitlements explains most codes, so that those are details. */
export function lineRefused({ log }: EventContext, { contract, code, text }: LineRefused): void {
  const level = isEntitlement(code) ? 'debug' : 'warn'
  log[level]({ contract: describeContract(contract), code, text }, 'the gateway does not serve a line')
}
