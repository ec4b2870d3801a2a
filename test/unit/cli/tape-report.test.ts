import { describe, expect, it } from 'vitest'

import { formatImportSummary, formatTapeInfo, formatTapeVerdict } from '../../../cli/tape-report.ts'
import type { TapeInfo } from '../../../db/tape/inspect.ts'

const EMPTY: TapeInfo = {
  path: 'a.tape',
  meta: { source: 'import' },
  bytes: 24,
  blocks: 0,
  records: 0,
  recordsByKind: {},
  instruments: 0,
  contractsByKind: {},
}

describe('formatTapeInfo', () => {
  it('is a table', () => {
    const info: TapeInfo = {
      path: 'a.tape',
      meta: { source: 'import' },
      bytes: 1234567,
      blocks: 2,
      records: 6,
      recordsByKind: { quote: 2, trade: 1, gap: 1, contract: 2 },
      instruments: 2,
      contractsByKind: { stock: 1, option: 1 },
      firstTsUs: 1401975060000003,
      lastTsUs: 1401975060000006,
      torn: { offset: 1200, bytes: 34 },
    }
    expect(formatTapeInfo(info).split('\n')).toEqual([
      'tape         a.tape',
      'source       import',
      'bytes        1,234,567',
      'blocks       2',
      'records      6',
      '  quote      2',
      '  trade      1',
      '  gap        1',
      '  contract   2',
      'instruments  2 (1 stock, 1 option)',
      'first tick   2014-06-05T13:31:00.000003Z',
      'last tick    2014-06-05T13:31:00.000006Z',
      'torn tail    34 bytes at byte 1,200',
    ])
  })

  it('knows no times on a tape without ticks', () => {
    expect(formatTapeInfo(EMPTY)).toContain('first tick   none')
  })

  it('stays within 80 columns, whatever the texts', () => {
    const info: TapeInfo = {
      ...EMPTY,
      path: `/${'deep/'.repeat(40)}a.tape`,
      meta: {
        source: 'collector',
        sessionId: 5742446796800123,
        segment: 3,
        description: 'some words '.repeat(30),
        attribution: 'x'.repeat(200),
      },
    }
    const lines = formatTapeInfo(info).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines).toContain('session      5742446796800123, segment 3')
    expect(lines.join('').replaceAll(' ', '')).toContain('x'.repeat(200))
  })
})

describe('formatTapeVerdict', () => {
  it('says in a line that all is well', () => {
    expect(formatTapeVerdict('a.tape', { ok: true, blocks: 2, records: 6, problems: [], problemCount: 0 })).toBe(
      'a.tape: 2 blocks, 6 records, ok',
    )
  })

  it('says of a cut between two blocks, and of a tape on which it would not be seen', () => {
    const verdict = { ok: false, blocks: 2, records: 6, torn: { offset: 90, bytes: 0 }, problems: [], problemCount: 0 }
    expect(formatTapeVerdict('a.tape', verdict).split('\n')).toEqual([
      'a.tape: 2 blocks, 6 records, torn',
      'byte 90: the file was cut: its end mark is missing, and what was behind is lost',
    ])
    const old = { ok: true, blocks: 2, records: 6, endMark: 'none' as const, problems: [], problemCount: 0 }
    expect(formatTapeVerdict('a.tape', old).split('\n')[1]).toMatch(/^no end mark: /)
  })

  it('names the torn end, the first problems and how many more there are', () => {
    const torn = { offset: 90, bytes: 7 }
    const verdict = { ok: false, blocks: 2, records: 6, torn, problems: [{ offset: 24, message: 'seq falls' }], problemCount: 3 }
    expect(formatTapeVerdict('a.tape', verdict).split('\n')).toEqual([
      'a.tape: 2 blocks, 6 records, problems: 3',
      'byte 90: the file ends in an unfinished write of 7 bytes',
      'byte 24: seq falls',
      '... and 2 more',
    ])
  })
})

describe('formatImportSummary', () => {
  it('is a table', () => {
    const counts = { instruments: 1, rows: 23, quotes: 0, trades: 23, suspicious: 2, skippedRows: 1234 }
    expect(formatImportSummary('ibm.tape', { ...counts, firstTsUs: 1401975060000003, lastTsUs: 1401975060000006 }).split('\n')).toEqual([
      'Tape                 ibm.tape',
      'Instruments                                    1',
      'Rows                                          23',
      'Quotes                                         0',
      'Trades                                        23',
      'Suspicious                                     2',
      'Rows of other dates                        1,234',
      'First                2014-06-05T13:31:00.000003Z',
      'Last                 2014-06-05T13:31:00.000006Z',
    ])
  })
})
