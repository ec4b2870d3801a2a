/**
 * What Grafana's PostgreSQL data source does with a query before it reaches the server: variables, `$__interval`, and macros. Written after its
 * sources (pkg/tsdb/grafana-postgresql-datasource: macros.go, sqleng/sql_engine.go), their limits included: an argument of a macro ends at the
 * first closing parenthesis, and `$__timeGroup(…),` names its column.
 */

export interface TimeRange {
  from: Date
  to: Date
}

const MACRO = /\$([_a-zA-Z0-9]+)\(([^)]*)\)/g

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds of `5m`. */
function secondsOf(interval: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d|w)$/.exec(interval.replaceAll("'", '')) ?? []
  const seconds = unit === undefined ? undefined : UNITS[unit]
  if (seconds === undefined) throw new Error(`expected an interval such as 5m, found ${interval}`)
  return Number(count) * seconds
}

function expandMacro(name: string, args: readonly string[], { from, to }: TimeRange, timescaledb: boolean): string {
  const [column = '', interval = ''] = args
  switch (name) {
    case '__time':
      return `${column} AS "time"`
    case '__timeFilter':
      return `${column} BETWEEN '${from.toISOString()}' AND '${to.toISOString()}'`
    case '__timeFrom':
      return `'${from.toISOString()}'`
    case '__timeTo':
      return `'${to.toISOString()}'`
    case '__timeGroup': {
      const seconds = secondsOf(interval)
      return timescaledb ? `time_bucket('${seconds.toFixed(3)}s',${column})` : `floor(extract(epoch from ${column})/${seconds})*${seconds}`
    }
    case '__timeGroupAlias':
      return `${expandMacro('__timeGroup', args, { from, to }, timescaledb)} AS "time"`
    default:
      throw new Error(`unknown macro "${name}"`)
  }
}

export interface Expansion {
  range: TimeRange
  /** Of one point: `1m`. */
  interval: string
  /** The switch of the data source; the shipped one has it off. */
  timescaledb?: boolean
}

/** The SQL that the server gets. */
export function expandSql(sql: string, { range, interval, timescaledb = false }: Expansion): string {
  const global = sql.replaceAll('$__interval_ms', String(secondsOf(interval) * 1000)).replaceAll('$__interval', interval)
  return global.replaceAll(MACRO, (call: string, name: string, args: string) => {
    // As Grafana does: it looks at what follows the first such call in the query.
    const aliased = name === '__timeGroup' && global[global.indexOf(call) + call.length] === ','
    return expandMacro(
      aliased ? '__timeGroupAlias' : name,
      args.split(',').map((arg) => arg.trim()),
      range,
      timescaledb,
    )
  })
}

/** A value that is chosen, several of them, or all by the variable's own text. */
export type Chosen = string | readonly string[] | { raw: string }

/** Puts the values of variables in: one as it is, with its quotes doubled; several quoted, by comma. */
export function interpolate(text: string, variables: Readonly<Record<string, Chosen>>): string {
  return text.replaceAll(/\$(\w+)/g, (found: string, name: string) => {
    const chosen = variables[name]
    if (chosen === undefined) return found
    const quoted = (value: string) => value.replaceAll("'", "''")
    if (typeof chosen === 'string') return quoted(chosen)
    return 'raw' in chosen ? chosen.raw : chosen.map((value) => `'${quoted(value)}'`).join(',')
  })
}

/** Lengths of a point that Grafana rounds to. */
const ROUND = ['1s', '2s', '5s', '10s', '15s', '30s', '1m', '2m', '5m', '10m', '15m', '30m', '1h', '2h', '3h', '6h', '12h', '1d', '7d']

/** Length of one point: at least what the panel asks for, and so many points that they fit its width. */
export function intervalOf(range: TimeRange, least = '1s', points = 800): string {
  const seconds = Math.max(secondsOf(least), (range.to.getTime() - range.from.getTime()) / 1000 / points)
  return ROUND.find((interval) => secondsOf(interval) >= seconds) ?? '7d'
}
