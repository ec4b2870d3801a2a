/** What money and borrowed shares cost overnight, as annual fractions, counted by the calendar day over 360 days as brokers do. */

export interface FinancingModel {
  readonly name: string
  /** For each unit of cash, above 0 or owed; negative: cash in hand costs. @param benchmark overnight rate of the currency; undefined: none is known */
  creditRate(benchmark: number | undefined): number
  debitRate(benchmark: number | undefined): number
  /** For shares that are short. @param known fee that a record named; undefined: none did */
  borrowRate(known: number | undefined): number
}

/** Money and shares are lent for nothing. */
export const none = (): FinancingModel => ({ name: 'none', creditRate: () => 0, debitRate: () => 0, borrowRate: () => 0 })

/** Always the same; a borrow fee that a record named goes before. */
export const fixed = ({ credit, debit, borrow }: { credit: number; debit: number; borrow: number }): FinancingModel => ({
  name: 'fixed',
  creditRate: () => credit,
  debitRate: () => debit,
  borrowRate: (known) => known ?? borrow,
})

/** So much below and above the overnight rate, as IB: 0.005 and 0.015. Never below 0 for what is in hand. */
export const benchmark = ({ below, above, borrow }: { below: number; above: number; borrow: number }): FinancingModel => ({
  name: 'benchmark',
  creditRate: (rate = 0) => Math.max(0, rate - below),
  debitRate: (rate = 0) => Math.max(0, rate) + above,
  borrowRate: (known) => known ?? borrow,
})
