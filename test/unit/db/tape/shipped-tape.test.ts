import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importTape } from '../../../../db/tape/importers/import-tape.ts'
import { tapeInfo, verifyTape } from '../../../../db/tape/inspect.ts'
import type { Quote } from '../../../../market/tick.ts'
import { isoFromUs } from '../../../../market/time.ts'
import { allRecords, temporaryFolder } from './tape-support.ts'

const project = join(import.meta.dirname, '../../../..')
const tape = join(project, 'tapes/twx-2014-06-05.tape')
const shared = join(project, '../shared/data/option-quotes')
const hasShared = existsSync(shared)
const out = await temporaryFolder()

function quoteText({ bidPrice, bidSize, askPrice, askSize }: Quote): string {
  return [bidPrice, bidSize, askPrice, askSize].join(',')
}

describe('the shipped tape', () => {
  it('is sound and holds TWX with its 184 options', async () => {
    expect(await verifyTape(tape)).toEqual({ ok: true, blocks: 8, records: 31_129, problems: [], problemCount: 0 })
    const info = await tapeInfo(tape)
    expect(info).toMatchObject({
      instruments: 185,
      contractsByKind: { stock: 1, option: 184 },
      recordsByKind: { contract: 185, quote: 30_944 },
    })
    expect([info.firstTsUs ?? 0, info.lastTsUs ?? 0].map(isoFromUs)).toEqual(['2014-06-05T08:01:00.000000Z', '2014-06-06T00:01:00.000000Z'])
  })

  it('names whose data it holds and under which licence', async () => {
    const { meta } = await tapeInfo(tape)
    expect(meta.attribution).toMatch(/QuantConnect.*24863901deff.*Apache License 2\.0/)
  })

  it('has as many changes as its page says, and no instrument that begins empty', async () => {
    const last = new Map<number, string>()
    const firsts: string[] = []
    let changes = 0
    for (const record of await allRecords(tape)) {
      if (record.kind !== 'quote') continue
      const text = quoteText(record)
      const before = last.get(record.instrument)
      if (before === undefined) firsts.push(text)
      if (before !== text) changes++
      last.set(record.instrument, text)
    }
    expect(firsts).toHaveLength(185)
    expect(firsts).not.toContain(',,,')
    const page = await readFile(join(project, 'tapes/README.md'), 'utf8')
    expect(page).toContain(`${changes.toLocaleString('en-US')} of them change`)
  })

  it.skipIf(!hasShared)(
    `is byte for byte what an import of the shared data gives${hasShared ? '' : ` (SKIPPED: ${shared} is absent)`}`,
    async () => {
      const again = join(out, 'again.tape')
      const { attribution = '' } = (await tapeInfo(tape)).meta
      await importTape({
        sources: [join(shared, 'twx_20140605_06_quotes_1min.csv.gz'), join(shared, 'underlying/twx_20140605_quote_1min.csv')],
        out: again,
        date: '2014-06-05',
        attribution,
      })
      expect((await readFile(again)).equals(await readFile(tape))).toBe(true)
    },
  )
})
