/** What the numbers on the tape stand for, as its records say: not delayed as the strategy's own view of the market may be. */

import { type Contract, multiplierOf, type OptionContract } from '../../market/contract.ts'
import { indexClassOf } from '../../market/indices.ts'

/** Of an option, what it is written on. */
type Underlying = Pick<Contract, 'symbol' | 'currency'>

const keyOf = (kind: 'stock' | 'index', { symbol, currency }: Underlying) => `${kind} ${symbol} ${currency}`

export class Instruments {
  readonly #contracts = new Map<number, Contract>()
  readonly #underlyings = new Map<string, number>()
  readonly #closed = new Map<number, string>()
  #hasOptions = false

  name(instrument: number, contract: Contract): void {
    this.#contracts.set(instrument, contract)
    if (contract.kind === 'option') this.#hasOptions = true
    if (contract.kind === 'stock' || contract.kind === 'index') this.#underlyings.set(keyOf(contract.kind, contract), instrument)
  }

  of(instrument: number): Contract | undefined {
    return this.#contracts.get(instrument)
  }

  /** False while no record named an option. */
  get hasOptions(): boolean {
    return this.#hasOptions
  }

  /** The option of that number; undefined when it is none. */
  optionOf(instrument: number): OptionContract | undefined {
    const contract = this.#contracts.get(instrument)
    return contract?.kind === 'option' ? contract : undefined
  }

  all(): Iterable<[number, Contract]> {
    return this.#contracts.entries()
  }

  /** 1 for what no record named. */
  multiplierOf(instrument: number): number {
    const contract = this.#contracts.get(instrument)
    return contract ? multiplierOf(contract) : 1
  }

  /** The number of what an option is written on; undefined while no record named it. */
  underlyingOf(option: OptionContract): number | undefined {
    const [stock, index] = [this.#underlyings.get(keyOf('stock', option)), this.#underlyings.get(keyOf('index', option))]
    return isOnIndex(option) ? (index ?? stock) : (stock ?? index)
  }

  /** From here on nothing is traded under that number. */
  close(instrument: number, reason: string): void {
    this.#closed.set(instrument, reason)
  }

  /** Why an instrument cannot be traded; undefined when it can. */
  whyClosed(instrument: number): string | undefined {
    return this.#closed.get(instrument) ?? (this.#contracts.get(instrument)?.kind === 'index' ? 'an index is not traded' : undefined)
  }
}

/** Of a class that is known to be on an index. */
function isOnIndex({ tradingClass, symbol }: OptionContract): boolean {
  return indexClassOf(tradingClass)?.symbol === symbol
}
