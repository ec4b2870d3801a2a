/** Queries of panels: PromQL by the SDK's builder, SQL by one of our own, since the SDK has none for PostgreSQL. */

import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'

/** Data sources by the uid that provisioning gives them. */
export const PROMETHEUS = { type: 'prometheus', uid: 'tapedeck-prometheus' }
export const POSTGRES = { type: 'grafana-postgresql-datasource', uid: 'tapedeck-database' }

/** `time_series` wants a column `time` in rising order; columns of text become the names of series. `table` shows columns as they are. */
export type SqlFormat = 'time_series' | 'table'

/** What Grafana's PostgreSQL data source stores of a query that was written as text. */
export interface SqlTarget {
  refId: string
  datasource: typeof POSTGRES
  format: SqlFormat
  rawQuery: true
  editorMode: 'code'
  rawSql: string
}

export function sql(rawSql: string, format: SqlFormat, refId = 'A'): Builder<Dataquery> {
  const target: SqlTarget = { refId, datasource: POSTGRES, format, rawQuery: true, editorMode: 'code', rawSql: rawSql.trim() }
  // The SDK marks queries by a method, which has no place in JSON; its builders of panels do not look for it.
  return { build: () => target as unknown as Dataquery }
}

/** Targets of one panel need different letters: `refIds` gives them. */
export function promql(expr: string, legend: string, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder().datasource(PROMETHEUS).refId(refId).expr(expr).legendFormat(legend).range()
}

/** The value at the end of the range, for a panel of one figure. */
export function promqlNow(expr: string, legend: string, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder().datasource(PROMETHEUS).refId(refId).expr(expr).legendFormat(legend).instant()
}

/** A, B, C … for queries given as [legend, expr]. */
export function promqls(queries: Readonly<Record<string, string>>): Builder<Dataquery>[] {
  return Object.entries(queries).map(([legend, expr], i) => promql(expr, legend, String.fromCharCode('A'.charCodeAt(0) + i)))
}
