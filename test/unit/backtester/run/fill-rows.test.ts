import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { Fill } from '../../../../backtester/engine/strategy.ts'
import { CanonicalHash } from '../../../../backtester/run/canonical-hash.ts'
import { FillRows } from '../../../../backtester/run/fill-rows.ts'

const amount = fc.integer({ min: -1e12, max: 1e12 }).map((units) => units / 10_000)
const fill = fc.record<Fill>({
  orderId: fc.integer({ min: 1, max: 1e6 }),
  instrument: fc.nat(1e6),
  side: fc.constantFrom('buy', 'sell'),
  quantity: fc.integer({ min: 1, max: 1e9 }),
  price: fc.double({ noNaN: true, noDefaultInfinity: true }).map((price) => price + 0),
  commission: amount,
  realised: amount,
  tsUs: fc.maxSafeInteger(),
  isTaker: fc.boolean(),
})

it('gives back what it took, also behind another thread', () => {
  fc.assert(
    fc.property(fc.array(fill, { maxLength: 30 }), (fills) => {
      const kept = FillRows.of(fills)
      expect([...kept]).toEqual(fills)
      expect([...new FillRows(structuredClone(kept.packed))]).toEqual(fills)
      expect([kept.at(0), kept.at(-1), kept.at(fills.length)]).toEqual([fills[0], fills.at(-1), undefined])
      expect(JSON.parse(JSON.stringify(kept))).toEqual(JSON.parse(JSON.stringify(fills)))
    }),
  )
})

it('is hashed by known fields as by those that are found', () => {
  const row = fc.record({
    side: fc.constantFrom('buy', 'sell'),
    price: amount,
    reason: fc.constantFrom(undefined, 'late'),
    more: fc.object(),
  })
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const [known, found] = [new CanonicalHash(), new CanonicalHash()]
      known.rows(rows, { side: (one) => one.side, price: (one) => one.price, reason: (one) => one.reason, more: (one) => one.more })
      for (const one of rows) found.value(one)
      expect(known.digest()).toBe(found.digest())
    }),
  )
})
