import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { createLineFormat, EXPORT_COLUMNS, type ExportFormat } from '../../../../backtester/replay/export-format.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Tick } from '../../../../market/tick.ts'
import { CONTRACTS, FIRST_TS_US } from '../../../support/tape/ticks.ts'
import { finding, verdictOf } from '../../../support/tape/verdicts.ts'

const formatOf = (format: ExportFormat) => {
  const { header, line } = createLineFormat(format, new Map(CONTRACTS.entries()))
  return { header, line: (tick: Tick) => line(tick, 4096) }
}
const common = { seq: 7, tsUs: FIRST_TS_US + 1, instrument: 1 }
const quote: Tick = { kind: 'quote', ...common, bidPrice: 0.1 + 0.2, bidSize: 5, askPrice: 1e-7 }
const OPTION = 'option:TWX:USD:TWX:2014-06-21:C:67.5:100'

describe('a line of NDJSON', () => {
  it('has what is known of a tick under the names of the columns, in their order', () => {
    expect(formatOf('ndjson').line(quote)).toBe(
      `{"ts":"2014-06-05T13:30:00.000001Z","sessionId":4096,"seq":7,"kind":"quote","contract":"${OPTION}","symbol":"TWX",` +
        '"expiry":"2014-06-21","strike":67.5,"right":"C","bidPrice":0.30000000000000004,"bidSize":5,"askPrice":1e-7}\n',
    )
    expect(formatOf('ndjson').header).toBe('')
  })

  it('keeps numbers that JSON has no word for as texts', () => {
    const line = formatOf('ndjson').line({ ...quote, bidPrice: Infinity, bidSize: -0 })
    expect(line).toContain('"bidPrice":"Infinity","bidSize":-0,')
  })
})

describe('a line of CSV', () => {
  it('has a cell for every column, empty where nothing is known', () => {
    const { header, line } = formatOf('csv')
    expect(header).toBe(`${EXPORT_COLUMNS.join(',')}\n`)
    const cells = `2014-06-05T13:30:00.000001Z,4096,7,quote,${OPTION},TWX,2014-06-21,67.5,C,,0.30000000000000004,5,1e-7`
    expect(line(quote)).toBe(`${cells}${','.repeat(EXPORT_COLUMNS.length - 13)}\n`)
  })

  it('has whether a tick is delayed, and its marks, behind its verdict', () => {
    expect(formatOf('csv').line({ ...quote, source: 'tick-by-tick', delayed: true })).toMatch(/,1e-7,,,,tick-by-tick,.*,true,,\n$/)
    expect(formatOf('csv').line({ ...quote, marks: Mark.initial | Mark.merged })).toMatch(/,,"initial,merged",\n$/)
  })

  it('quotes separators, quotes and line ends, and distinguishes an empty text from none', () => {
    const trade: Tick = { kind: 'trade', ...common, instrument: 0, price: 1, source: 'import', venue: 'a,"b"\nc', conditions: '' }
    expect(formatOf('csv').line(trade)).toContain(',1,,import,"a,""b""\nc","",')
  })

  it('has the venue’s time and the verdict of a tick without a contract', () => {
    const verdict = verdictOf(finding('flag', 'wide-spread', 'wide'), {
      ...finding('quarantine', 'spike', 'too far; "high"'),
      evidence: [1, 7],
    })
    const line = formatOf('csv').line({ kind: 'statistic', seq: 1, tsUs: 0, instrument: 9, name: 'halted', eventTsUs: 1, verdict })
    const findings =
      '"[{""rule"":""wide-spread"",""severity"":""warning"",""disposition"":""flag"",""reason"":""wide""},' +
      '{""rule"":""spike"",""severity"":""error"",""disposition"":""quarantine"",""reason"":""too far; \\""high\\"""",' +
      `""evidence"":[""${OPTION}"",""unknown""]}]"`
    const cells = '1970-01-01T00:00:00.000000Z,4096,1,statistic,,,,,,1970-01-01T00:00:00.000001Z'
    expect(line).toBe(`${cells}${','.repeat(19)}halted,,,quarantine,"wide-spread,spike","wide; too far; ""high""",,,${findings}\n`)
  })
})

it('the page about exports lists the columns in their order', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'export.md'), 'utf8')
  const listed = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(listed).toEqual(EXPORT_COLUMNS)
})
