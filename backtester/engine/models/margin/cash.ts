/**
 * An account that borrows nothing: all that is bought is paid for. What is short must be paid back at any price, so it needs what it is worth twice.
 * What was paid for can be kept, whatever a night costs, unless something is short.
 */

import { multiplierOf } from '../../../../market/contract.ts'
import { type Units, worth } from '../../money.ts'
import type { Holding, MarginModel } from './margin.ts'

function initial(holdings: readonly Holding[]): Units {
  let sum = 0
  for (const { contract, quantity, mark } of holdings) sum += Math.abs(worth(mark, quantity, multiplierOf(contract)))
  return sum
}

function maintenance(holdings: readonly Holding[]): Units {
  return holdings.some(({ quantity }) => quantity < 0) ? initial(holdings) : 0
}

export const cash = (): MarginModel => ({ name: 'cash', initial, maintenance })
