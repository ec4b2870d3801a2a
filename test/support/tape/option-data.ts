/** Real option chains as records: the shipped day, and what lies beside the checkout. */

import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { importTape } from '../../../db/tape/importers/import-tape.ts'
import { tapeSource } from '../../../db/tape/tape-source.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { type Contract, contractKey } from '../../../market/contract.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { packageRoot } from '../../../system/package-root.ts'
import { SHARED_DATA } from '../data.ts'

export interface OptionData {
  name: string
  /** Begins with the start of a session, as a recorder would have it. */
  records: () => Promise<TapeRecord[]>
}

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')

/** TWX and its chain, 2014-06-05, by the minute. */
export const shippedDay: OptionData = { name: 'TWX 2014-06-05 (shipped)', records: () => ofTape(SHIPPED) }

/** TWX over two days and FOXA over one, by the minute. */
export const minuteQuotes: OptionData[] = [
  {
    name: 'TWX 2014-06-05/06',
    records: () => imported('twx_20140605_06_quotes_1min.csv.gz', 'twx_20140605_quote_1min.csv', 'twx_20140606_quote_1min.csv'),
  },
  { name: 'FOXA 2013-07-02', records: () => imported('foxa_20130702_quotes_1min.csv.gz', 'foxa_20130702_quote_1min.csv') },
]

/** Agilent, American, with a dividend: its full chain every 30 minutes of 2021-04-26. */
export const agilent: OptionData = { name: 'A 2021-04-26', records: async () => agilentRecords() }

async function imported(chain: string, ...underlying: string[]): Promise<TapeRecord[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-option-data-'))
  try {
    const out = join(folder, 'data.tape')
    const place = join(SHARED_DATA, 'option-quotes')
    await importTape({ sources: [join(place, chain), ...underlying.map((file) => join(place, 'underlying', file))], out })
    return await ofTape(out)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function ofTape(path: string): Promise<TapeRecord[]> {
  const records: TapeRecord[] = []
  for await (const chunk of tapeSource(path).records()) records.push(...chunk.records)
  return [{ kind: 'session', event: 'started', seq: 0, tsUs: records[0]?.tsUs ?? 0 }, ...records]
}

/** Each row is a quote at the END of its half hour, with the underlying's quote of that moment, which comes first. */
function agilentRecords(): TapeRecord[] {
  const text = gunzipSync(readFileSync(join(SHARED_DATA, 'option-intervals', 'agilent_20210426_30min.csv.gz'))).toString()
  const rows = text.trimEnd().split('\n').slice(1)
  const stock: Contract = { kind: 'stock', symbol: 'A', currency: 'USD' }
  const numbers = new Map<string, number>([[contractKey(stock), 0]])
  const contracts: TapeRecord[] = [{ kind: 'contract', seq: 0, tsUs: 0, instrument: 0, contract: stock }]
  const ticks: TapeRecord[] = []
  let interval = ''
  let seq = 1000
  let tsUs = 0
  for (const row of rows.map((line) => line.split(',')).sort((a, b) => ((a[1] ?? '') < (b[1] ?? '') ? -1 : 1))) {
    const [symbol = '', time = '', root = '', expiry = '', strike, right, , , , , , bidSize, bid, askSize, ask, stockBid, stockAsk] = row
    const [date = '', clock = ''] = time.split(' ')
    if (time !== interval) {
      interval = time
      const [hours = 0, minutes = 0] = clock.split(':').map(Number)
      tsUs = nyse.zone.toUs(date, (hours * 60 + minutes) * 60_000)
      ticks.push({ kind: 'quote', seq: ++seq, tsUs, instrument: 0, bidPrice: Number(stockBid), askPrice: Number(stockAsk) })
    }
    const contract: Contract = {
      kind: 'option',
      symbol,
      currency: 'USD',
      expiry,
      strike: Number(strike),
      right: right as 'C' | 'P',
      multiplier: 100,
      tradingClass: root,
    }
    const key = contractKey(contract)
    const instrument = numbers.get(key) ?? numbers.size
    if (!numbers.has(key)) {
      numbers.set(key, instrument)
      contracts.push({ kind: 'contract', seq: 0, tsUs: 0, instrument, contract })
    }
    const sides = { bidPrice: Number(bid), bidSize: Number(bidSize), askPrice: Number(ask), askSize: Number(askSize) }
    ticks.push({ kind: 'quote', seq: ++seq, tsUs: ++tsUs, instrument, ...sides })
  }
  const startUs = (ticks[0]?.tsUs ?? 0) - 1_000_000
  const head: TapeRecord[] = [{ kind: 'session', event: 'started', seq: 0, tsUs: startUs }, ...contracts]
  return [...head.map((record, i) => ({ ...record, seq: i, tsUs: startUs + i })), ...ticks]
}
