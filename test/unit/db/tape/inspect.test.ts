import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CatFilter, catTape, tapeInfo, verifyTape } from '../../../../db/tape/inspect.ts'
import { encodeFileHead, stampSync } from '../../../../db/tape/file-layout.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Contract } from '../../../../market/contract.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { BASE_US, blockOf, contractRecord, META, quoteRecord, tapeBytes, temporaryFolder } from './tape-support.ts'
import { finding, flagged, verdictOf } from '../../../support/tape/verdicts.ts'

const folder = await temporaryFolder()
const path = join(folder, 'a.tape')
const HEADER_BYTES = encodeFileHead(META).length

const option: Contract = {
  kind: 'option',
  symbol: 'FOXA',
  currency: 'USD',
  tradingClass: 'FOXA',
  multiplier: 100,
  expiry: '2013-07-20',
  strike: 29,
  right: 'C',
}
const OPTION_KEY = 'option:FOXA:USD:FOXA:2013-07-20:C:29:100'

const day: TapeRecord[] = [
  contractRecord(1, 1),
  { ...contractRecord(2, 2), contract: option },
  quoteRecord(3, 1),
  quoteRecord(4, 2),
  { kind: 'gap', seq: 5, tsUs: BASE_US + 5, fromTsUs: BASE_US, toTsUs: BASE_US + 5, cause: 'disconnected' },
  {
    kind: 'trade',
    seq: 6,
    tsUs: BASE_US + 6,
    instrument: 1,
    price: 70,
    size: 5,
    source: 'last',
    verdict: flagged('late', 'old'),
  },
]
const dayBytes = tapeBytes(blockOf(day.slice(0, 3), 1, 0), blockOf(day.slice(3), 2, 0))

async function cat(filter?: CatFilter) {
  await writeFile(path, dayBytes)
  const lines = []
  for await (const line of catTape(path, filter)) lines.push(line)
  return lines
}

describe('tapeInfo', () => {
  it('counts what is on a tape', async () => {
    await writeFile(path, dayBytes)
    expect(await tapeInfo(path)).toEqual({
      path,
      meta: META,
      bytes: dayBytes.length,
      blocks: 2,
      records: 6,
      recordsByKind: { contract: 2, quote: 2, gap: 1, trade: 1 },
      instruments: 2,
      contractsByKind: { stock: 1, option: 1 },
      firstTsUs: BASE_US + 3,
      lastTsUs: BASE_US + 6,
    })
  })

  it('counts a torn tail among the bytes and says where it is', async () => {
    await writeFile(path, Buffer.concat([dayBytes, Buffer.from('torn')]))
    expect(await tapeInfo(path)).toMatchObject({ records: 6, bytes: dayBytes.length + 4, torn: { offset: dayBytes.length, bytes: 4 } })
  })

  it('knows no times on a tape without ticks', async () => {
    await writeFile(path, tapeBytes())
    const info = await tapeInfo(path)
    expect(info).toMatchObject({ bytes: HEADER_BYTES, blocks: 0, records: 0, recordsByKind: {} })
    expect(info).not.toHaveProperty('firstTsUs')
  })
})

describe('verifyTape', () => {
  async function problemsOf(...blocks: TapeRecord[][]) {
    await writeFile(path, tapeBytes(...blocks.map((records, i) => blockOf(records, i + 1, 0))))
    const { ok, problems, problemCount } = await verifyTape(path)
    expect(ok).toBe(problemCount === 0)
    return problems.map(({ offset, message }) => `${offset === HEADER_BYTES ? 'first' : 'later'} block, ${message}`)
  }

  it('finds nothing on a sound tape', async () => {
    await writeFile(path, dayBytes)
    expect(await verifyTape(path)).toEqual({ ok: true, blocks: 2, records: 6, problems: [], problemCount: 0, endMark: 'none' })
  })

  it('finds what stands in place of zeros in the header', async () => {
    const bytes = Buffer.from(dayBytes)
    bytes.writeUInt32LE(7, 20)
    await writeFile(path, bytes)
    expect(await verifyTape(path)).toMatchObject({
      ok: false,
      records: 6,
      problems: [{ offset: 0, message: 'expected zeros in the bytes 20 to 23 of the header, found 7' }],
    })
  })

  it('is not content with a torn tail, but calls it one', async () => {
    await writeFile(path, dayBytes.subarray(0, -1))
    const verdict = await verifyTape(path)
    expect(verdict).toMatchObject({ ok: false, blocks: 1, records: 3, problemCount: 0, torn: { bytes: expect.any(Number) } })
    expect((verdict.torn?.offset ?? 0) + (verdict.torn?.bytes ?? 0)).toBe(dayBytes.length - 1)
  })

  it('gives the offset of damage', async () => {
    const first = blockOf(day.slice(0, 3), 1, 0)
    const bytes = Buffer.from(dayBytes)
    bytes.writeUInt8(0xff, HEADER_BYTES + 100)
    await writeFile(path, bytes)
    expect(await verifyTape(path)).toMatchObject({
      ok: false,
      blocks: 0,
      problems: [{ offset: HEADER_BYTES, message: expect.stringContaining('is damaged') }],
    })

    const third = blockOf([quoteRecord(9)], 3, 0)
    const three = Buffer.concat([dayBytes, third])
    three.writeUInt8(0xff, HEADER_BYTES + first.length + 100)
    await writeFile(path, three)
    expect(await verifyTape(path)).toMatchObject({ ok: false, blocks: 1, problems: [{ offset: HEADER_BYTES + first.length }] })
  })

  it('calls a damaged or cut header a problem at byte 0', async () => {
    for (const length of [0, 10, 40]) {
      await writeFile(path, dayBytes.subarray(0, length))
      expect(await verifyTape(path)).toMatchObject({
        ok: false,
        problems: [{ offset: 0, message: expect.stringContaining('inside its header') }],
      })
    }
  })

  it('throws for what is no tape at all', async () => {
    await writeFile(path, 'something else')
    await expect(verifyTape(path)).rejects.toThrow('is not a tape')
    await expect(verifyTape(join(folder, 'absent.tape'))).rejects.toThrow('does not exist')
  })

  it.each<[string, TapeRecord[][], string]>([
    [
      'a seq that stands still',
      [[contractRecord(1), contractRecord(1, 2)]],
      'first block, record 2 of the block: expected seq above 1, found 1',
    ],
    ['a seq that falls', [[contractRecord(5)], [quoteRecord(4)]], 'later block, record 1 of the block: expected seq above 5, found 4'],
    [
      'a time that falls',
      [[contractRecord(1)], [{ ...quoteRecord(2), tsUs: BASE_US - 1 }]],
      `later block, record 1 of the block: expected tsUs of ${BASE_US} or later, found ${BASE_US - 1}`,
    ],
    [
      'a time that is no whole microsecond',
      [[{ ...contractRecord(1), tsUs: 1.5 }]],
      'first block, record 0 of the block: The tape holds a record at byte 0 of its block with seq 1 and tsUs 1.5, which are to be whole numbers. The file is damaged or not from this program.',
    ],
    [
      'a tick without its contract',
      [[contractRecord(1), quoteRecord(2, 7)]],
      'first block, record 2 of the block: expected a contract before the first quote of instrument 7, found none',
    ],
    [
      'a finding that rests on an unknown contract',
      [[contractRecord(1), { ...quoteRecord(2), verdict: verdictOf({ ...finding('flag', 'parity', 'off'), evidence: [1, 7] }) }]],
      'first block, record 2 of the block: expected a contract before the finding of parity that rests on instrument 7, found none',
    ],
    [
      'a verdict that its findings do not ask for',
      [[contractRecord(1), { ...quoteRecord(2), verdict: { ...flagged('late', 'old'), disposition: 'quarantine' } }]],
      'first block, record 2 of the block: expected a verdict of flag as its findings ask for, found quarantine',
    ],
    [
      'an instrument that becomes another contract',
      [[contractRecord(1), contractRecord(2, 1, 'FOXA')]],
      'first block, record 2 of the block: expected instrument 1 to stay stock:TWX:USD, found stock:FOXA:USD',
    ],
  ])('finds %s', async (_, blocks, problem) => {
    expect(await problemsOf(...blocks)).toEqual([problem])
  })

  it('takes the contracts repeated at the start of a journal segment, whose originals may come behind', async () => {
    const repeated = [contractRecord(1, 1), { ...contractRecord(7, 2), tsUs: BASE_US + 7 }]
    const blocks = [blockOf(repeated, 57, 0), blockOf([quoteRecord(6)], 58, 0, 3), blockOf(repeated.slice(1), 58, 1, 4)]
    await writeFile(path, tapeBytes(...blocks))
    expect(await verifyTape(path)).toMatchObject({ ok: true, problems: [] })
  })

  it('finds a head that does not match its records', async () => {
    const block = blockOf([contractRecord(1), quoteRecord(2)], 1, 0)
    block.writeUInt32LE(5, 8)
    block.writeDoubleLE(1, 16)
    block.writeDoubleLE(2, 24)
    stampSync(block, 1, 0)
    await writeFile(path, tapeBytes(block))
    expect((await verifyTape(path)).problems.map(({ message }) => message)).toEqual([
      `record 1 of the block: expected the head's first tsUs 1, found ${BASE_US}`,
      'expected 5 records as the head says, found 2',
      `record 2 of the block: expected the head's last tsUs 2, found ${BASE_US + 2}`,
    ])
  })

  it('counts all problems and lists the first of them', async () => {
    await writeFile(
      path,
      tapeBytes(
        blockOf(
          Array.from({ length: 50 }, () => contractRecord(1)),
          1,
          0,
        ),
      ),
    )
    const { problems, problemCount } = await verifyTape(path)
    expect([problems.length, problemCount]).toEqual([20, 49])
  })
})

describe('catTape', () => {
  it('gives every record as a plain object with its contract, without absent fields', async () => {
    const stamps = (seq: number, ts: string) => ({ ts: `2014-06-05T13:31:00.${ts}Z`, tsUs: BASE_US + (seq > 2 ? seq : 0), seq })
    expect(await cat()).toStrictEqual([
      {
        kind: 'contract',
        ...stamps(1, '000000'),
        contract: 'stock:TWX:USD',
        instrument: 1,
        definition: { kind: 'stock', symbol: 'TWX', currency: 'USD' },
      },
      { kind: 'contract', ...stamps(2, '000000'), contract: OPTION_KEY, instrument: 2, definition: option },
      { kind: 'quote', ...stamps(3, '000003'), contract: 'stock:TWX:USD', instrument: 1, bidPrice: 3, askPrice: 3.25, bidSize: 10 },
      { kind: 'quote', ...stamps(4, '000004'), contract: OPTION_KEY, instrument: 2, bidPrice: 4, askPrice: 4.25, bidSize: 10 },
      { kind: 'gap', ...stamps(5, '000005'), fromTsUs: BASE_US, toTsUs: BASE_US + 5, cause: 'disconnected' },
      {
        kind: 'trade',
        ...stamps(6, '000006'),
        contract: 'stock:TWX:USD',
        instrument: 1,
        price: 70,
        size: 5,
        source: 'last',
        verdict: flagged('late', 'old'),
      },
    ])
  })

  it.each<[string, CatFilter, number[]]>([
    ['from a time on', { from: BASE_US + 4 }, [4, 5, 6]],
    ['up to a time, which is not included', { to: BASE_US + 4 }, [1, 2, 3]],
    ['of a symbol, with what concerns all', { symbols: ['FOXA'] }, [2, 4, 5]],
    ['of some kinds', { kinds: ['quote', 'trade'] }, [3, 4, 6]],
    ['at most so many', { limit: 2, kinds: ['quote', 'trade'] }, [3, 4]],
    ['none', { limit: 0 }, []],
    ['that pass all filters', { from: BASE_US + 4, symbols: ['TWX'], kinds: ['trade', 'quote'] }, [6]],
  ])('gives the records %s', async (_, filter, seqs) => {
    expect((await cat(filter)).map(({ seq }) => seq)).toEqual(seqs)
  })

  it('shows the source of a quote, that it came delayed, and its marks by name', async () => {
    await writeFile(
      path,
      tapeBytes(
        blockOf([contractRecord(1), { ...quoteRecord(2), source: 'tick-by-tick', delayed: true, marks: Mark.initial | Mark.late }], 1, 0),
      ),
    )
    const lines = []
    for await (const line of catTape(path, { kinds: ['quote'] })) lines.push(line)
    expect(lines).toStrictEqual([expect.objectContaining({ seq: 2, source: 'tick-by-tick', delayed: true, marks: 'initial,late' })])
  })

  it('knows the contract of an instrument that was introduced before the wanted time', async () => {
    expect((await cat({ from: BASE_US + 6 })).map(({ contract }) => contract)).toEqual(['stock:TWX:USD'])
  })
})
