import { type Contract, describeContract } from '../../../market/contract.ts'
import type { EventContext } from './event.ts'

export interface TickByTickRefused {
  contract: Contract
  code: number
  text: string
}

/** Logs that an underlying is recorded from its sampled data alone. */
export function tickByTickRefused({ log }: EventContext, { contract, code, text }: TickByTickRefused): void {
  log.info({ contract: describeContract(contract), code, text }, 'not served tick by tick; its sampled market data is recorded')
}
