import { describe, expect, it } from 'vitest'

import { rowOffsets } from '../../../../db/copy-buffer.ts'
import { BatchEncoder, rowSeq } from '../../../../db/write/copy-encode.ts'
import { block, FIRST_TS_US, quote, quotes } from '../../../support/tape/ticks.ts'
import { quarantined } from '../../../support/tape/verdicts.ts'

const known = (instrument: number) => instrument + 1
const bitOf = () => 3
const seqsOf = (data: Buffer) => {
  const offsets = rowOffsets(data)
  return offsets.slice(0, -1).map((start, i) => rowSeq(data.subarray(start, offsets[i + 1])))
}

describe('the encoder of batches', () => {
  it('knows the bounds of the times over all blocks, and has none without a tick', () => {
    const encoder = new BatchEncoder(bitOf)
    const { firstTsUs, lastTsUs, acceptedTicks } = encoder.encode(1, [block(quotes(5, 3)), block(quotes(1, 2))], known)
    expect({ firstTsUs, lastTsUs, acceptedTicks }).toEqual({
      firstTsUs: FIRST_TS_US + 1000,
      lastTsUs: FIRST_TS_US + 7000,
      acceptedTicks: 5,
    })
    const empty = encoder.encode(1, [block([])], known)
    expect(empty.firstTsUs > empty.lastTsUs).toBe(true)
    expect(empty.tables).toEqual([])
  })

  it('writes the seq of every row, also of one above 32 bits', () => {
    const [table] = new BatchEncoder(bitOf).encode(1, [block([quote(7), quote(2 ** 40 + 3)])], known).tables
    expect(seqsOf(table?.rows.finish() ?? Buffer.alloc(0))).toEqual([7, 2 ** 40 + 3])
  })

  it('sets aside what the database refused, counted apart from what a rule quarantined', () => {
    const kept = quote(4, { verdict: quarantined('spike', 'far') })
    const encoded = new BatchEncoder(bitOf).encode(1, [block([...quotes(1, 3), kept])], known, new Map([[2, 'no']]))
    expect(encoded).toMatchObject({ acceptedTicks: 2, quarantinedTicks: 2, refusedTicks: 1 })
    expect(seqsOf(encoded.tables[0]?.rows.finish() ?? Buffer.alloc(0))).toEqual([1, 3])
    expect(encoded.quality).toEqual([{ rule: 'spike', severity: 'error', disposition: 'quarantine', ticks: 1 }])
    expect(encoded.findings.rows.rows).toBe(2)
  })

  it('counts a tick with a verdict and without an instrument as quarantined by its rule', () => {
    const kept = quote(1, { verdict: quarantined('spike', 'far') })
    const encoded = new BatchEncoder(bitOf).encode(1, [block([kept, quote(2)])], () => ({ refusal: 'unknown' }))
    expect(encoded).toMatchObject({ acceptedTicks: 0, quarantinedTicks: 2, refusedTicks: 1 })
    // What the rule found, and that each of them has no instrument.
    expect(encoded.findings.rows.rows).toBe(3)
  })
})
