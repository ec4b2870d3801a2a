/** What Grafana makes of an answer of PostgreSQL: columns with types, and for time series one series for each name. */

import type pg from 'pg'

export type Cell = string | number | null

export interface Column {
  name: string
  type: 'time' | 'number' | 'string'
  values: Cell[]
}

/** Types by OID: those that Grafana takes for numbers, times and text. Others (arrays, intervals) it shows as text, or not at all. */
const NUMBERS = new Set([20, 21, 23, 700, 701, 1700])
const TIMES = new Set([1114, 1184])
const STRINGS = new Set([18, 19, 25, 1042, 1043])

function typeOf({ name, dataTypeID }: pg.FieldDef): Column['type'] {
  // A number in the column time is in seconds: what $__timeGroup gives.
  if (TIMES.has(dataTypeID) || (name === 'time' && NUMBERS.has(dataTypeID))) return 'time'
  if (NUMBERS.has(dataTypeID)) return 'number'
  if (STRINGS.has(dataTypeID)) return 'string'
  throw new Error(`column ${name} has type ${dataTypeID}, which is neither a number nor a time nor text for Grafana: cast it`)
}

function cellOf(type: Column['type'], value: unknown): Cell {
  if (value === null) return null
  if (type === 'string') return value as string
  if (type === 'number') return Number(value)
  return value instanceof Date ? value.getTime() : Number(value) * 1000
}

export function columnsOf({ fields, rows }: pg.QueryResult<Record<string, unknown>>): Column[] {
  const names = fields.map(({ name }) => name)
  if (new Set(names).size < names.length) throw new Error(`two columns of one name: ${names.join(', ')}`)
  return fields.map((field) => {
    const type = typeOf(field)
    return { name: field.name, type, values: rows.map((row) => cellOf(type, row[field.name])) }
  })
}

export interface Series {
  name: string
  times: number[]
  values: (number | null)[]
}

/**
 * Series of an answer in the format `time_series`.
 *
 * @throws Error where Grafana shows an error, or nothing: no column time, times that fall, no number
 */
export function seriesOf(columns: readonly Column[]): Series[] {
  const time = columns.find(({ name }) => name === 'time')
  if (time?.type !== 'time') throw new Error('no column time')
  const times = time.values.map((value) => {
    if (value === null) throw new Error('a time is null')
    return Number(value)
  })
  if (times.some((at, i) => at < (times[i - 1] ?? at))) throw new Error('long format: times must rise; ORDER BY time')
  const labels = columns.filter(({ type }) => type === 'string')
  const numbers = columns.filter(({ type }) => type === 'number')
  if (numbers.length === 0) throw new Error('no column of numbers')
  const series = new Map<string, Series>()
  for (const number of numbers)
    for (const [i, at] of times.entries()) {
      // A single column of text that is called metric names the series by itself.
      const words = labels.map((label) => label.values[i] ?? '')
      const name =
        labels.length === 1 && labels[0]?.name === 'metric' && numbers.length === 1 ? String(words[0]) : [number.name, ...words].join(' ')
      const one = series.get(name) ?? { name, times: [], values: [] }
      series.set(name, one)
      if (one.times.at(-1) === at) throw new Error(`two values of ${name} at one time: aggregate them`)
      one.times.push(at)
      one.values.push(number.values[i] as number | null)
    }
  return [...series.values()]
}
