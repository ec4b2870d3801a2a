/** Datasets of daily bars, made by hand: what lies in them is known. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { encodeBars, hashOfBytes, type InstrumentBar } from '../../../backtester/dataset/bars-file.ts'
import { datasetHash } from '../../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../../backtester/dataset/folder.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { addDays } from '../../../market/time.ts'
import { seeded } from '../random.ts'

const CENT = 100

/** A bar of a day that is open from midnight and known at the close of its session. */
function dayBar(instrument: number, date: string, prices: { open: number; close: number }): InstrumentBar {
  const { open, close } = prices
  const startUs = nyse.zone.toUs(date, 0)
  const endUs = nyse.session(date)?.closeUs ?? nyse.zone.toUs(addDays(date, 1), 0)
  const [high, low] = [Math.max(open, close), Math.min(open, close)]
  return { instrument, startUs, endUs, open, high, low, close, volume: 1000, vwap: undefined, trades: 10 }
}

/** Bars of trading days from a date on, whose prices swing and drift at random. The same for the same seed. */
export function randomDayBars({ days, from = '2014-01-02', seed = 1 }: { days: number; from?: string; seed?: number }): InstrumentBar[] {
  const random = seeded(seed)
  let price = 70
  return nyse
    .sessions(from, addDays(from, days * 2 + 10))
    .slice(0, days)
    .map(({ date }, day) => {
      const open = price
      price = Math.round(CENT * price * (1 + 0.02 * (random() - 0.5) + 0.01 * Math.sin(day / 9))) / CENT
      return dayBar(1, date, { open, close: price })
    })
}

/** Writes them as a dataset of the stock XYZ, under instrument 1. It was asked for `time`, or for that of the bars. */
export async function writeBarsDataset(
  dataDir: string,
  name: string,
  bars: readonly InstrumentBar[],
  time: { fromUs: number; toUs: number } = { fromUs: bars[0]?.startUs ?? 0, toUs: (bars.at(-1)?.endUs ?? 0) + 1 },
): Promise<void> {
  const bytes = encodeBars(bars)
  const content = {
    origin: { kind: 'database' as const },
    ...time,
    symbols: ['XYZ'],
    barSeconds: 86_400,
    parts: [],
    bars: { file: 'bars.columns', bars: bars.length, hash: hashOfBytes(bytes) },
    instruments: [{ instrument: 1, contract: { kind: 'stock' as const, symbol: 'XYZ', currency: 'USD' } }],
    gaps: [],
    warnings: [],
  }
  await new DatasetFolder(dataDir).create(name, async (partial) => {
    await writeFile(join(partial, 'bars.columns'), bytes)
    return { format: 1, name, hash: datasetHash(content), createdAt: '', ...content }
  })
}
