/** All bars of a market and length, as the rules for them want them. */

import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

import type { ActionOfDay, BarSeries } from '../../market/bars/series.ts'

const FIELDS = 7
/** A row of the COPY below: the count of fields, and for each its length and 8 bytes. */
const ROW_BYTES = 2 + FIELDS * 12
const HEADER_BYTES = 19
const GROWTH = 1024

/** Every value is 8 bytes, so that rows are of one size. */
const rowsOf = (seconds: number, calendar: string) =>
  `COPY (SELECT b.instrument_id, (b.session_date - date '1970-01-01')::bigint, b.open, b.high, b.low, b.close, COALESCE(b.volume, 'NaN')
     FROM bars b JOIN instruments i USING (instrument_id) WHERE b.bar_seconds = ${seconds} AND i.calendar = ${calendar}
     ORDER BY b.instrument_id, b.start_ts) TO STDOUT BINARY`

type Columns = Record<'day' | 'open' | 'high' | 'low' | 'close' | 'volume', Float64Array>

/** By instrument. Needs memory for all of them: some 50 bytes a bar. */
export async function readSeries(client: pg.ClientBase, seconds: number, calendar: string): Promise<BarSeries[]> {
  const actions = await readActions(client)
  const symbols = new Map<number, string>()
  const { rows } = await client.query<{ id: string; symbol: string }>(
    'SELECT instrument_id AS id, symbol FROM instruments WHERE calendar = $1',
    [calendar],
  )
  for (const { id, symbol } of rows) symbols.set(Number(id), symbol)

  const series: BarSeries[] = []
  let instrument = -1
  let count = 0
  let columns = emptyColumns(GROWTH)
  const finish = () => {
    if (count === 0) return
    const { day, ...prices } = columns
    const taken = Object.fromEntries(Object.entries(prices).map(([name, values]) => [name, values.slice(0, count)])) as Omit<Columns, 'day'>
    const none: ReadonlyMap<number, ActionOfDay> = new Map()
    series.push({
      instrument,
      symbol: symbols.get(instrument) ?? '',
      day: Int32Array.from(day.subarray(0, count)),
      ...taken,
      actions: actions.get(instrument) ?? none,
    })
    count = 0
  }
  let rest: Buffer = Buffer.alloc(0)
  let isFirst = true
  for await (const chunk of client.query(copyTo(rowsOf(seconds, `'${calendar.replaceAll("'", "''")}'`))) as AsyncIterable<Buffer>) {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (isFirst) {
      if (bytes.length < HEADER_BYTES) {
        rest = bytes
        continue
      }
      bytes = bytes.subarray(HEADER_BYTES)
      isFirst = false
    }
    let at = 0
    for (; at + ROW_BYTES <= bytes.length && bytes.readInt16BE(at) === FIELDS; at += ROW_BYTES) {
      const id = Number(bytes.readBigInt64BE(at + 6))
      if (id !== instrument) {
        finish()
        instrument = id
      }
      if (count === columns.day.length) columns = grown(columns)
      columns.day[count] = Number(bytes.readBigInt64BE(at + 18))
      columns.open[count] = bytes.readDoubleBE(at + 30)
      columns.high[count] = bytes.readDoubleBE(at + 42)
      columns.low[count] = bytes.readDoubleBE(at + 54)
      columns.close[count] = bytes.readDoubleBE(at + 66)
      columns.volume[count] = bytes.readDoubleBE(at + 78)
      count++
    }
    rest = bytes.subarray(at)
  }
  finish()
  return series
}

function emptyColumns(length: number): Columns {
  const column = () => new Float64Array(length)
  return { day: column(), open: column(), high: column(), low: column(), close: column(), volume: column() }
}

function grown(columns: Columns): Columns {
  const larger = emptyColumns(columns.day.length * 2)
  for (const [name, values] of Object.entries(columns)) larger[name as keyof Columns].set(values)
  return larger
}

/** What happened by instrument and ex-date, as known last. */
async function readActions(client: pg.ClientBase): Promise<Map<number, Map<number, ActionOfDay>>> {
  const { rows } = await client.query<{ id: string; day: number; dividend: number; ratio: number }>(
    `SELECT instrument_id AS id, ex_date - date '1970-01-01' AS day, COALESCE(sum(amount), 0) AS dividend, COALESCE(tapedeck.product(ratio), 1) AS ratio
     FROM (SELECT DISTINCT ON (instrument_id, kind, ex_date) * FROM corporate_actions ORDER BY instrument_id, kind, ex_date, as_of DESC) AS known
     WHERE status <> 'cancelled' GROUP BY instrument_id, ex_date`,
  )
  const actions = new Map<number, Map<number, ActionOfDay>>()
  for (const { id, day, dividend, ratio } of rows) {
    const days = actions.get(Number(id)) ?? new Map<number, ActionOfDay>()
    actions.set(Number(id), days)
    days.set(day, { dividend, ratio })
  }
  return actions
}
