/** An import of bars from a CSV file, down to the commit, against one COPY of the same rows into the same table. */

import { mkdtemp, rm } from 'node:fs/promises'
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'

import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'

import { importBars } from '../../db/bars/import-bars.ts'
import type { BarFormat } from '../../db/bars/format.ts'
import { connectClient } from '../../db/pool.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { addDays } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { seeded } from '../support/random.ts'
import { measure, timed } from './harness.ts'

const SYMBOLS = 400
const DAYS = 2500
const ROWS = SYMBOLS * DAYS
const FORMAT: BarFormat = {
  columns: {},
  currency: 'USD',
  calendar: 'XNYS',
  kind: 'stock',
  seconds: SECONDS_PER_DAY,
  stamp: 'start',
  source: 'bench',
}

interface Prepared {
  url: string
  client: pg.Client
  folder: string
  file: string
  /** The rows as one COPY takes them. */
  binary: Buffer[]
}

forEachEdition('the import of bars', ({ name, createTapeDatabase }) => {
  let prepared: Prepared | undefined

  measure({
    title: `import of ${ROWS} bars, on ${name}`,
    unit: 'rows/s',
    limit: 'the same rows through one COPY',
    round: async () => {
      prepared ??= await prepare(await createTapeDatabase())
      const { url, client, file, binary } = prepared
      await client.query('TRUNCATE bars')
      const copy = await timed(() => pipeline(Readable.from(binary), client.query(copyFrom('COPY bars FROM STDIN BINARY'))))
      await client.query('TRUNCATE bars')
      const ours = await timed(() => importBars({ url, files: [file], format: FORMAT }))
      const again = await timed(() => importBars({ url, files: [file], format: FORMAT }))
      return {
        ours: ours.result.bars.new / ours.seconds,
        limit: ROWS / copy.seconds,
        more: { 'rows/s again, when nothing changes': again.result.bars.unchanged / again.seconds },
      }
    },
    cleanUp: async () => {
      await prepared?.client.end()
      if (prepared) await rm(prepared.folder, { recursive: true })
    },
  })
})

async function prepare(url: string): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-bars-'))
  const file = join(folder, 'bars.csv')
  await writeBars(file)
  await importBars({ url, files: [file], format: FORMAT })
  const client = await connectClient(url)
  const binary: Buffer[] = []
  for await (const chunk of client.query(copyTo('COPY bars TO STDOUT BINARY')) as AsyncIterable<Buffer>) binary.push(chunk)
  return { url, client, folder, file, binary }
}

async function writeBars(file: string): Promise<void> {
  const random = seeded(7)
  const out = createWriteStream(file)
  out.write('symbol,date,open,high,low,close,adj_close,volume\n')
  const dates = Array.from({ length: DAYS }, (_, day) => addDays('2010-01-01', day))
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    let close = 20 + 200 * random()
    const rows = dates.map((date) => {
      const open = close
      close = Math.max(1, open * (0.98 + 0.04 * random()))
      const prices = [open, Math.max(open, close) + 0.5, Math.min(open, close) - 0.5, close, close].map((price) => price.toFixed(2))
      return `SYM${symbol},${date},${prices.join(',')},${Math.round(5e6 * random())}\n`
    })
    if (!out.write(rows.join(''))) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
}
