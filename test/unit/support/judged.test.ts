/** The fingerprint that verdicts are compared by sees what it is to see. */

import { expect, it } from 'vitest'

import { defineRule } from '../../../market/rules/rule.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { inChunksOf, judgedAnew } from '../../support/judged.ts'

const quotes: TapeRecord[] = Array.from({ length: 40 }, (_, i) => ({
  kind: 'quote',
  seq: i + 2,
  tsUs: 1_401_978_660_000_000 + i * 1000,
  instrument: 3,
  bidPrice: 70 + (i % 7) * 3,
  askPrice: 73,
}))
const named: TapeRecord = { kind: 'contract', seq: 1, tsUs: 1, instrument: 3, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } }
const records = [named, ...quotes]

it('is the same for the same records in chunks of any size, and under other numbers of instruments', async () => {
  const [one, seven, renumbered] = await Promise.all([
    judgedAnew(inChunksOf(1, records)),
    judgedAnew(inChunksOf(7, records)),
    judgedAnew([records.map((record) => ('instrument' in record ? { ...record, instrument: 9 } : record))]),
  ])
  expect(one.quarantined).toBeGreaterThan(0)
  expect(seven).toEqual(one)
  expect(renumbered).toEqual(one)
})

it('is another one for another price, another order, or a rule that looks at something beside the records', async () => {
  const plain = await judgedAnew([records])
  const changed = records.map((record) => (record.seq === 20 && record.kind === 'quote' ? { ...record, bidPrice: 70.01 } : record))
  expect((await judgedAnew([changed])).ofSession).not.toBe(plain.ofSession)
  expect((await judgedAnew([[named, ...quotes.toReversed()]])).ofOrder).not.toBe(plain.ofOrder)

  let chunks = 0
  const ofBatch = defineRule({
    name: 'of-batch',
    about: 'Depends on the batch that its tick is in.',
    severity: 'info',
    disposition: 'flag',
    kinds: ['quote'],
    create: () => ({ check: () => ({ reason: `in batch ${chunks}` }) }),
  })
  const countChunks = function* (size: number) {
    chunks = 0
    for (const chunk of inChunksOf(size, records)) {
      chunks++
      yield chunk
    }
  }
  const [one, seven] = [await judgedAnew(countChunks(1), [ofBatch]), await judgedAnew(countChunks(7), [ofBatch])]
  expect(seven.ofOrder).not.toBe(one.ofOrder)
})
