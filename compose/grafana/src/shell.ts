/** What the dashboards have in common: names, links to each other and to the documentation, variables, the list of sessions. */

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Text, TextMode } from '@grafana/grafana-foundation-sdk/text'
import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'

import { FULL, property, table, unitOf } from './panels.ts'
import { POSTGRES, PROMETHEUS, sql } from './targets.ts'

const TAG = 'tapedeck'

export interface Shell {
  /** Part of the address: /d/tapedeck-market. */
  uid: string
  title: string
  description: string
  from: string
  refresh: string
}

export function shell({ uid, title, description, from, refresh }: Shell): dashboard.DashboardBuilder {
  return (
    new dashboard.DashboardBuilder(`Tapedeck / ${title}`)
      .uid(uid)
      .description(description)
      .tags([TAG])
      // Prices are those of an exchange, and so are its hours: the browser's own zone says so without a setting for each exchange.
      .timezone('browser')
      .time({ from, to: 'now' })
      .refresh(refresh)
      .tooltip(dashboard.DashboardCursorSync.Crosshair)
      .readonly()
      .link(
        new dashboard.DashboardLinkBuilder('Tapedeck')
          .type(dashboard.DashboardLinkType.Dashboards)
          .tags([TAG])
          .asDropdown(true)
          .keepTime(true),
      )
  )
}

/** How to read the dashboard, at its end, with the pages of the documentation that say more. */
export function notes(markdown: string): Text {
  return new Text().title('How to read this').mode(TextMode.Markdown).content(markdown.trim()).span(FULL).height(5)
}

export function sqlVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(POSTGRES)
    .query(query.trim())
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
}

/** Which collector's metrics are shown; several may be scraped. */
export function collectorVariable(): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder('collector')
    .label('Collector')
    .datasource(PROMETHEUS)
    .query({ query: 'label_values(tapedeck_ready, instance)', refId: 'collector' })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .includeAll(true)
    .allValue('.*')
    .multi(true)
    .current({ text: 'All', value: '$__all', selected: true })
}

export const symbolVariable = () =>
  sqlVariable('symbol', 'Symbol', `SELECT DISTINCT symbol FROM instruments WHERE kind <> 'option' ORDER BY symbol`)

/** A name for each of them as it is in the list of sessions; by default all. */
export const sessionVariable = () =>
  sqlVariable(
    'session',
    'Session',
    `
SELECT session_id::text AS __value, to_char(started_ts AT TIME ZONE 'America/New_York', 'YYYY-MM-DD HH24:MI') || ' (' || session_id || ')' AS __text
FROM sessions WHERE started_ts <= $__timeTo()::timestamptz AND COALESCE(ended_ts, last_alive_ts, started_ts) >= $__timeFrom()::timestamptz
ORDER BY started_ts DESC LIMIT 500`,
  )
    .includeAll(true)
    .multi(true)
    .allValue('SELECT session_id FROM sessions')
    .current({ text: 'All', value: '$__all', selected: true })

/**
 * The newest sessions, whatever the time range: a click on one sets the range to its time. What was recorded from a replay has the times of
 * the day that was replayed, which may be years ago: nobody finds it with a range that ends now.
 */
export function sessionList(uid: string): Table {
  const query = `
SELECT s.started_ts AS recorded, COALESCE(s.ended_ts, s.last_alive_ts) AS until, n.symbols, b.ticks, b.quarantined, s.session_id::text AS session,
  (extract(epoch FROM COALESCE(b.first_ts, s.started_ts) - interval '1 minute') * 1000)::bigint::text AS from_ms,
  (extract(epoch FROM COALESCE(b.last_ts, s.ended_ts, s.last_alive_ts) + interval '1 minute') * 1000)::bigint::text AS to_ms
FROM (SELECT * FROM sessions WHERE started_ts IS NOT NULL ORDER BY session_id DESC LIMIT 50) s
LEFT JOIN LATERAL (
  SELECT sum(accepted_ticks)::float8 AS ticks, sum(quarantined_ticks + refused_ticks)::float8 AS quarantined, min(first_ts) AS first_ts, max(last_ts) AS last_ts
  FROM batches WHERE session_id = s.session_id) b ON true
LEFT JOIN LATERAL (
  SELECT string_agg(DISTINCT i.symbol, ' ' ORDER BY i.symbol) AS symbols
  FROM session_instruments si JOIN instruments i USING (instrument_id) WHERE si.session_id = s.session_id AND i.kind <> 'option') n ON true
ORDER BY s.session_id DESC`
  const link = property('links', [
    { title: 'Show its time', url: `/d/${uid}?from=\${__data.fields.from_ms}&to=\${__data.fields.to_ms}`, targetBlank: false },
  ])
  const hidden = property('custom.hideFrom', { viz: true, legend: true, tooltip: true })
  return table({
    title: 'Recorded sessions: click one to see its time',
    description:
      'The newest 50 sessions, whatever the time range. A session that recorded a replay, as the demonstration does, has the times of the day that was replayed. One that has no ticks is shown as well.',
    targets: [sql(query, 'table')],
    span: FULL,
    height: 5,
  })
    .overrideByName('recorded', [link, unitOf('dateTimeAsIso')])
    .overrideByName('until', [unitOf('dateTimeAsIso')])
    .overrideByName('ticks', [unitOf('locale')])
    .overrideByName('quarantined', [unitOf('locale')])
    .overrideByName('from_ms', [hidden])
    .overrideByName('to_ms', [hidden])
}
