/** Arbitrage: the opportunities that were found, and what put-call parity implies of rates and dividends. In tape time. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

import { barChart, FULL, priceSeries, stacked, stat, table, THIRD, unitOf } from './panels.ts'
import { notes, sessionList, sessionVariable, shell, sqlVariable } from './shell.ts'
import { sql } from './targets.ts'

const UID = 'tapedeck-arbitrage'
/** Those that are chosen; without what opened on data that was dead already. */
const FOUND = `opportunities WHERE session_id IN ($session) AND symbol IN ($symbol) AND $__timeFilter(opened_ts) AND ending <> 'within-gap'`

export function arbitrageDashboard(): Builder<Dashboard> {
  const builder = shell({
    uid: UID,
    title: 'Arbitrage',
    description: 'What the detectors of arbitrage found, and what put-call parity implies, in the time of the tape.',
    from: 'now-24h',
    refresh: '1m',
  })
    .withVariable(sessionVariable())
    .withVariable(
      sqlVariable('symbol', 'Symbol', `SELECT DISTINCT symbol FROM instruments WHERE kind <> 'option' ORDER BY symbol`)
        .includeAll(true)
        .multi(true)
        .allValue('SELECT symbol FROM instruments')
        .current({ text: 'All', value: '$__all', selected: true }),
    )
    .withPanel(sessionList(UID))
  for (const panel of [...figures(), ...course(), ...kinds(), ...parity()]) builder.withPanel(panel)
  return builder.withPanel(
    notes(`
- Profit is that of all packages that could be had at the best moment, after fees. An opportunity that stands for less than a second is one that a person does not get.
- *guaranteed*: whatever the market does, with the rates and dividends it was computed with. *expected*: unless an assumption fails; *worst case* says what then.
- In the repository: docs/arbitrage.md (formulas, fees, gates). \`tapedeck arb explain ID\` shows one in full. What is open now, and the work of the detectors, is on the Collector dashboard.
`),
  )
}

function figures() {
  return [
    stat({
      title: 'Opportunities',
      description: 'That opened in the range.',
      span: 6,
      unit: 'locale',
      targets: [sql(`SELECT count(*)::float8 AS opportunities FROM ${FOUND}`, 'table')],
    }),
    stat({
      title: 'Of them guaranteed',
      description: 'At their best moment.',
      span: 6,
      unit: 'locale',
      targets: [sql(`SELECT count(*)::float8 AS opportunities FROM ${FOUND} AND best_certainty = 'guaranteed'`, 'table')],
    }),
    stat({
      title: 'Best profit',
      description: 'Of one opportunity, after fees.',
      span: 6,
      unit: 'currencyUSD',
      targets: [sql(`SELECT max(best_profit)::float8 AS profit FROM ${FOUND}`, 'table')],
    }),
    stat({
      title: 'Median lifetime',
      description: 'From opening to end.',
      span: 6,
      unit: 's',
      targets: [
        sql(
          `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_ts - opened_ts)::float8) AS lifetime FROM ${FOUND}`,
          'table',
        ),
      ],
    }),
  ]
}

function course() {
  return [
    stacked({
      title: 'Opportunities by detector',
      description: 'That opened within the interval of a point.',
      targets: [
        sql(
          `SELECT $__timeGroup(opened_ts, $__interval) AS "time", detector AS metric, count(*)::float8 AS opportunities FROM ${FOUND} GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
    }),
    priceSeries({
      title: 'Profit of each opportunity',
      description: 'At its best moment, after fees, by detector: one point each.',
      unit: 'currencyUSD',
      targets: [
        sql(
          `SELECT best_ts AS "time", detector AS metric, max(best_profit)::float8 AS profit FROM ${FOUND} GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
    })
      .drawStyle(common.GraphDrawStyle.Points)
      .pointSize(6),
    table({
      title: 'Best opportunities',
      description: 'Of the highest profit, at their best moment, with their trades: docs/arbitrage.md has the words.',
      span: FULL,
      height: 10,
      targets: [
        sql(
          `
SELECT o.opened_ts AS "time", extract(epoch FROM o.duration)::float8 AS lifetime, o.strategy, o.certainty, o.symbol, o.expiry::text AS expiry, o.size,
  o.edge_per_share, o.profit::float8 AS profit, o.fees::float8 AS fees, o.worst_case::float8 AS worst_case, o.annual_return, o.ending, o.legs, o.opportunity_id
FROM arbitrage_opportunities o
WHERE o.session_id IN ($session) AND o.symbol IN ($symbol) AND $__timeFilter(o.opened_ts) ORDER BY o.profit DESC LIMIT 100`,
          'table',
        ),
      ],
    })
      .overrideByName('lifetime', [unitOf('s')])
      .overrideByName('annual_return', [unitOf('percentunit')])
      .overrideByRegexp('/^(profit|fees|worst_case|edge_per_share)$/', [unitOf('currencyUSD')]),
  ]
}

function kinds() {
  return [
    barChart({
      title: 'By detector',
      description: 'Opportunities that each detector found.',
      span: THIRD,
      targets: [sql(`SELECT detector, count(*)::float8 AS opportunities FROM ${FOUND} GROUP BY 1 ORDER BY 2 DESC`, 'table')],
    }).orientation(common.VizOrientation.Horizontal),
    barChart({
      title: 'Lifetime',
      description: 'Opportunities by how long they stood.',
      span: THIRD,
      targets: [
        sql(
          `
SELECT CASE WHEN s < 0.1 THEN 'below 0.1 s' WHEN s < 1 THEN '0.1 to 1 s' WHEN s < 10 THEN '1 to 10 s' WHEN s < 60 THEN '10 to 60 s' ELSE 'over 1 min' END AS stood,
  count(*)::float8 AS opportunities
FROM (SELECT extract(epoch FROM closed_ts - opened_ts) AS s FROM ${FOUND}) o GROUP BY 1 ORDER BY min(s)`,
          'table',
        ),
      ],
    }),
    barChart({
      title: 'Why they ended',
      description: 'edge-gone: the prices moved; quote-gone, size-gone: nobody quotes, or too few; the others are in docs/arbitrage.md.',
      span: THIRD,
      targets: [sql(`SELECT ending, count(*)::float8 AS opportunities FROM ${FOUND} GROUP BY 1 ORDER BY 2 DESC`, 'table')],
    }),
  ]
}

function parity() {
  const of = (column: string) => `
SELECT $__timeGroup(ts, $__interval) AS "time", symbol || ' ' || expiry AS metric, avg(${column}) AS value
FROM implied_carry WHERE session_id IN ($session) AND symbol IN ($symbol) AND $__timeFilter(ts) AND ${column} IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2`
  return [
    priceSeries({
      title: 'Implied rate',
      description: 'The rate that pairs of call and put agree with best, by chain: an annual fraction, continuously compounded.',
      unit: 'percentunit',
      targets: [sql(of('implied_rate'), 'time_series')],
    }).interval('1m'),
    priceSeries({
      title: 'Implied forward',
      description: 'The price of the underlying for delivery at expiry that call and put imply, by chain.',
      unit: 'currencyUSD',
      targets: [sql(of('forward'), 'time_series')],
    }).interval('1m'),
  ]
}
