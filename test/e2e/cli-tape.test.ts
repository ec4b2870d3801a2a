/** `tapedeck tape` from the command line: on the shipped tape, on broken ones, and on files that are none. */

import { copyFile, open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { RecordKind } from '../../db/tape/codec/record-layout.ts'
import { expectComplaint, expectDone, linesOf, newPlace, parsed, type Place } from '../support/process/command.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const FIXTURES = join(packageRoot(), 'test', 'fixtures', 'option-quotes')
const SOURCES = [join(FIXTURES, 'twx_20140605_06_quotes_1min.csv'), join(FIXTURES, 'twx_20140605_quote_1min.csv')]

let place: Place
beforeAll(async () => {
  place = await newPlace()
})
afterAll(() => place.remove())

const run = (args: string[], env?: NodeJS.ProcessEnv) => place.tapedeck(args, env).ended
const pathTo = (name: string) => join(place.folder, name)

describe('tapedeck tape', () => {
  let torn: string
  let corrupted: string
  const missing = 'nowhere.tape'
  beforeAll(async () => {
    torn = pathTo('torn.tape')
    await copyFile(SHIPPED, torn)
    await truncate(torn, 1_000_000)
    corrupted = pathTo('corrupted.tape')
    await copyFile(SHIPPED, corrupted)
    const file = await open(corrupted, 'r+')
    await file.write(Buffer.from('XX'), 0, 2, 500_000)
    await file.close()
  })

  it('info shows what is on the shipped tape in 80 columns, and the same as JSON', async () => {
    const text = expectDone(await run(['tape', 'info', SHIPPED]))
    expect(text).toMatch(/^instruments +185 \(1 stock, 184 option\)$/m)
    expect(text).toMatch(/^first tick +2014-06-05T08:01:00\.000000Z$/m)
    expect(linesOf(text).filter((line) => line.length > 80)).toEqual([])
    const info = JSON.parse(expectDone(await run(['tape', 'info', '--json', SHIPPED]))) as object
    expect(info).toMatchObject({ records: 31_129, instruments: 185, recordsByKind: { quote: 30_944, contract: 185 } })
  })

  it('verify finds the shipped tape sound, as text and as JSON', async () => {
    expect(expectDone(await run(['tape', 'verify', SHIPPED]))).toBe(`${SHIPPED}: 8 blocks, 31129 records, ok\n`)
    expect(JSON.parse(expectDone(await run(['tape', 'verify', '--json', SHIPPED])))).toMatchObject({ ok: true, problemCount: 0 })
  })

  it('reads a torn tape up to the tear, and verify and info name the tear', async () => {
    const verdict = await run(['tape', 'verify', torn])
    expect(verdict).toMatchObject({ code: 1, stderr: '' })
    expect(verdict.stdout).toMatch(/records, torn\nbyte \d+: the file ends in an unfinished write of \d+ bytes\n$/)
    expect(expectDone(await run(['tape', 'info', torn]))).toMatch(/^torn tail +[\d,]+ bytes at byte [\d,]+$/m)
    expect(linesOf(expectDone(await run(['tape', 'cat', torn]))).length).toBe(12_288)
  })

  it('refuses a corrupted tape at the place of the damage, after what lies before', async () => {
    const verdict = await run(['tape', 'verify', corrupted])
    expect(verdict).toMatchObject({ code: 1, stderr: '' })
    expect(verdict.stdout).toMatch(/problems: 1\nbyte \d+: .*fails its checksum/)
    expectComplaint(await run(['tape', 'info', corrupted]), { code: 1, saying: /is damaged at byte \d+/ })
    const cat = await run(['tape', 'cat', corrupted])
    expect(cat.code).toBe(1)
    expect(cat.stderr).toMatch(/^tapedeck: Tape .* is damaged at byte \d+/)
    expect(linesOf(cat.stdout)).toHaveLength(4096)
  })

  it.each(['info', 'verify', 'cat'])('%s says that a file is missing, a folder or no tape', async (command) => {
    expectComplaint(await run(['tape', command, missing]), { code: 1, saying: /Tape nowhere\.tape does not exist\. Check the path\./ })
    expectComplaint(await run(['tape', command, place.folder]), { code: 1, saying: /is a folder or a device/ })
    expectComplaint(await run(['tape', command, join(FIXTURES, 'twx_20140605_quote_1min.csv')]), { code: 1, saying: /is not a tape/ })
  })

  it('cat prints what passes its filters as NDJSON', async () => {
    const filter = ['--symbols', 'TWX', '--kinds', 'quote', '--from', '2014-06-05T13:31:00Z', '--to', '2014-06-05T13:32:00Z']
    const records = parsed(expectDone(await run(['tape', 'cat', SHIPPED, ...filter])))
    expect(records.length).toBeGreaterThan(0)
    for (const record of records) expect(record).toMatchObject({ kind: 'quote', ts: '2014-06-05T13:31:00.000000Z' })
    expect(parsed(expectDone(await run(['tape', 'cat', SHIPPED, ...filter, '--limit', '3'])))).toEqual(records.slice(0, 3))
  })

  it('cat takes the name of every kind that a tape can hold', async () => {
    const kinds = Object.keys(RecordKind)
    expect(linesOf(expectDone(await run(['tape', 'cat', SHIPPED, '--kinds', kinds.join(',')])))).toHaveLength(31_129)
  })

  it('cat ends quietly when its reader has seen enough', async () => {
    const cat = place.tapedeck(['tape', 'cat', SHIPPED])
    await cat.until('a record is shown', ({ stdout }) => stdout.includes('\n'))
    cat.child.stdout?.destroy()
    expect(await cat.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('import makes a tape of one day, which verifies', async () => {
    const out = pathTo('imported.tape')
    const { code, stdout } = await run(['tape', 'import', ...SOURCES, '--date', '2014-06-05', '--out', out])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Instruments +6$/m)
    expectDone(await run(['tape', 'verify', out]))
    const again = await run(['tape', 'import', ...SOURCES, '--date', '2014-06-05', '--out', pathTo('again.tape'), '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ instruments: 6 })
    expect(await readFile(pathTo('again.tape'))).toEqual(await readFile(out))
  })

  it('import says which file it cannot use, and why', async () => {
    const out = ['--out', pathTo('none.tape')]
    const complaints: [string[], RegExp][] = [
      [['nowhere.csv', ...out], /nowhere\.csv cannot be read/],
      [[SHIPPED, ...out], /cannot be imported/],
      [[...SOURCES, '--out', pathTo('no/such/folder.tape')], /cannot be written/],
      [[...SOURCES, '--date', '2014-06-30', ...out], /expected rows of 2014-06-30, found only 2014-06-05, 2014-06-06/],
    ]
    for (const [args, saying] of complaints) {
      const ended = await run(['tape', 'import', ...args])
      expect(ended.code).toBe(1)
      expect(ended.stderr).toMatch(saying)
      expect(ended.stderr).not.toMatch(/^\s+at /m)
    }
  })
})
