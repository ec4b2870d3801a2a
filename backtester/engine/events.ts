/** What happens to an account besides the fills of its orders: what a report lists, and what a strategy is told. */

/** A change of a position that no order made, at the price at which it was booked. */
export interface Move {
  instrument: number
  /** Units added; negative: taken away. */
  quantity: number
  /** Per unit of the underlying; 0 for an option that was exercised, as its worth is in the price of what was delivered. */
  price: number
  /** In the currency of the account. */
  realised: number
}

export type AccountEvent = { tsUs: number } & (
  | { kind: 'dividend'; instrument: number; perShare: number; amount: number }
  | { kind: 'split'; instrument: number; ratio: number; moves: readonly Move[] }
  /** What is held goes on under another number, as an option does for which the tape has one of its own since a split. */
  | { kind: 'renumbered'; instrument: number; to: number }
  /** The holder asked for it, or the option was in the money when it expired. */
  | { kind: 'exercise'; instrument: number; isEarly: boolean; moves: readonly Move[] }
  | { kind: 'assignment'; instrument: number; isEarly: boolean; moves: readonly Move[] }
  | { kind: 'expiry'; instrument: number; moves: readonly Move[] }
  | { kind: 'delisting'; instrument: number; moves: readonly Move[] }
  /** Of one night; negative: paid. */
  | { kind: 'interest' | 'borrow'; instrument?: number | undefined; amount: number }
  /** The equity is below what the positions need: the broker closes so many units (negative: sells them) at the market. */
  | { kind: 'liquidation'; instrument: number; orderId: number; quantity: number; equity: number; needed: number }
  /** At a close the equity is below what the positions need, as they could not be closed yet. */
  | { kind: 'margin-call'; equity: number; needed: number }
  /** Data of something held went missing: its mark and all that followed from it rest on the last quote before. */
  | { kind: 'gap'; instrument: number }
  /** Something had to be assumed. */
  | { kind: 'warning'; instrument?: number | undefined; message: string }
)
