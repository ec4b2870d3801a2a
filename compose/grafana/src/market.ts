/** Market: what was recorded of an underlying and its options: price, spreads, and what the options say of volatility. In tape time. */

import { CandlestickFieldMapBuilder, PanelBuilder as Candlestick } from '@grafana/grafana-foundation-sdk/candlestick'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Trend } from '@grafana/grafana-foundation-sdk/trend'
import { PanelBuilder as XYChart, SeriesMapping, XYShowMode } from '@grafana/grafana-foundation-sdk/xychart'

import { dressed, FULL, HALF, priceSeries, property, stacked, stat, table, unitOf } from './panels.ts'
import { BARS_WIDTH, QUOTE_BARS } from './bars.ts'
import { notes, sessionList, shell, sqlVariable, symbolVariable } from './shell.ts'
import { sql } from './targets.ts'

const UID = 'tapedeck-market'
/** The underlying that is chosen, as instruments: a stock and an index may share a symbol. */
const UNDERLYING = `SELECT instrument_id FROM instruments WHERE symbol = '$symbol' AND kind <> 'option'`
const TWO_SIDED = 'q.bid_price > 0 AND q.ask_price >= q.bid_price'

const legend = (shown: boolean) =>
  new common.VizLegendOptionsBuilder()
    .showLegend(shown)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs([])

export function marketDashboard(): Builder<Dashboard> {
  const builder = shell({
    uid: UID,
    title: 'Market',
    description: 'What was recorded of an underlying and its options, in the time of the tape.',
    from: 'now-24h',
    refresh: '1m',
  })
    .withVariable(symbolVariable())
    .withVariable(
      sqlVariable(
        'expiry',
        'Expiry',
        `
SELECT DISTINCT expiry::text AS expiry FROM instruments
WHERE kind = 'option' AND symbol = '$symbol' AND expiry >= $__timeFrom()::timestamptz::date ORDER BY expiry`,
      )
        .includeAll(true)
        .multi(true)
        .current({ text: 'All', value: '$__all', selected: true }),
    )
    .withPanel(sessionList(UID))
  for (const panel of [...figures(), ...prices(), ...volatility(), ...activity()]) builder.withPanel(panel)
  return builder.withPanel(
    notes(`
- Times are those of the tape: a replayed day has the times of that day. Click a session above to see it.
- Volatility is the broker's (\`model\`) where it was recorded, else it is worked out (\`mid\`) from the middle of the quote and the forward that put-call parity implies, which the detectors of arbitrage write once a minute. Options out of the money only; an early exercise is not in it.
- Bars are those of the database (\`quote_bars_1m\`, \`bars_1m\` and longer ones, by the range); where TimescaleDB Community does not compute them, of the quotes themselves. A symbol without recorded trades has no volume.
- An option that nobody quotes on both sides has no mid and no spread. IB sends changes only: a quote stands until the next one.
- In the repository: docs/dashboards.md, docs/pricing.md, docs/marks.md.
`),
  )
}

function figures() {
  return [
    stat({
      title: 'Last middle of $symbol',
      description: 'Between bid and ask of the last quote in the range.',
      unit: 'currencyUSD',
      span: 6,
      targets: [
        sql(
          `SELECT (q.bid_price + q.ask_price) / 2 AS middle FROM quotes q WHERE q.instrument_id IN (${UNDERLYING}) AND $__timeFilter(q.ts) AND ${TWO_SIDED} ORDER BY q.ts DESC LIMIT 1`,
          'table',
        ),
      ],
    }).decimals(2),
    stat({
      title: 'Contracts with quotes',
      description: 'Instruments of this symbol, the options among them, that have a quote in the range.',
      span: 6,
      targets: [
        sql(
          `SELECT count(*)::float8 AS contracts FROM instruments i WHERE i.symbol = '$symbol' AND EXISTS (SELECT FROM quotes q WHERE q.instrument_id = i.instrument_id AND $__timeFilter(q.ts))`,
          'table',
        ),
      ],
    }),
    stat({
      title: 'Median spread of options',
      description: 'Ask less bid as a share of the middle, of all two-sided quotes of options in the range.',
      unit: 'percentunit',
      span: 6,
      targets: [
        sql(
          `
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY 2 * (q.ask_price - q.bid_price) / (q.ask_price + q.bid_price)) AS spread
FROM quotes q JOIN instruments i USING (instrument_id)
WHERE i.kind = 'option' AND i.symbol = '$symbol' AND i.expiry::text IN ($expiry) AND $__timeFilter(q.ts) AND ${TWO_SIDED}`,
          'table',
        ),
      ],
    }).decimals(1),
    stat({
      title: 'Volatility at the money, nearest expiry',
      description: 'At the end of the range, of the first expiry that is at least a week away.',
      unit: 'percentunit',
      span: 6,
      targets: [
        sql(
          `
SELECT volatility FROM tapedeck.volatility_at('$symbol', $__timeTo()::timestamptz, interval '12 hours') v
WHERE days >= 7 ORDER BY days, abs(strike - forward) LIMIT 1`,
          'table',
        ),
      ],
    }).decimals(1),
  ]
}

function prices() {
  const candles = dressed(new Candlestick(), {
    title: '$symbol',
    description:
      'The middle between the open of the bid and the open of the ask, and likewise of high, low and close, by bar; at least a minute each.',
    unit: 'currencyUSD',
    span: HALF,
    height: 10,
    targets: [
      sql(
        `
SELECT $__timeGroup(b.ts, $__interval) AS "time",
  ((array_agg(b.bid_open ORDER BY b.ts) FILTER (WHERE b.bid_open IS NOT NULL))[1]
    + (array_agg(b.ask_open ORDER BY b.ts) FILTER (WHERE b.ask_open IS NOT NULL))[1]) / 2 AS open,
  (max(b.bid_high) + max(b.ask_high)) / 2 AS high, (min(b.bid_low) + min(b.ask_low)) / 2 AS low,
  ((array_agg(b.bid_close ORDER BY b.ts DESC) FILTER (WHERE b.bid_close IS NOT NULL))[1]
    + (array_agg(b.ask_close ORDER BY b.ts DESC) FILTER (WHERE b.ask_close IS NOT NULL))[1]) / 2 AS close
FROM ${QUOTE_BARS} b WHERE b.instrument_id IN (${UNDERLYING})
GROUP BY 1 ORDER BY 1`,
        'table',
      ),
    ],
  })
  return [
    candles
      .fields(new CandlestickFieldMapBuilder().open('open').high('high').low('low').close('close'))
      .legend(legend(true))
      .interval('1m'),
    priceSeries({
      title: 'Spreads',
      description: 'Mean of ask less bid as a share of the mean middle: of the underlying, and of its options by expiry. Low is liquid.',
      unit: 'percentunit',
      height: 10,
      targets: [
        sql(
          `
SELECT $__timeGroup(b.ts, $__interval) AS "time", COALESCE(i.expiry::text, i.symbol) AS metric,
  sum(b.spread_sum) / sum(b.mid_sum) AS spread
FROM ${QUOTE_BARS} b JOIN instruments i USING (instrument_id)
WHERE i.symbol = '$symbol' AND (i.kind <> 'option' OR i.expiry::text IN ($expiry)) AND b.mid_sum > 0
GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
    }).interval('1m'),
    stacked({
      title: 'Volume of $symbol',
      description:
        'Traded within the interval of a point, in the unit that the broker sends. Each day is of its best source: all trades, else what the volume of the day grew by, else trades that are samples.',
      targets: [
        sql(
          `
SELECT $__timeGroup(b.ts, $__interval) AS "time", b.volume_source AS metric, sum(b.volume)::float8 AS volume
FROM tapedeck.bars_of(ARRAY(${UNDERLYING}), ${BARS_WIDTH}, $__timeFrom()::timestamptz, $__timeTo()::timestamptz) b
GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
      span: FULL,
      height: 6,
    }).interval('1m'),
  ]
}

/** Strikes and expiries at the end of the range. */
const SURFACE = `
SELECT strike, volatility, expiry::text AS expiry, basis FROM tapedeck.volatility_at('$symbol', $__timeTo()::timestamptz, interval '12 hours')
WHERE expiry::text IN ($expiry) ORDER BY expiry, strike`

function volatility() {
  const smiles = dressed(new XYChart(), {
    title: 'Implied volatility by strike at the end of the range',
    description: 'One line an expiry, of options out of the money: puts below the forward, calls above it.',
    unit: 'percentunit',
    span: HALF,
    height: 10,
    targets: [sql(SURFACE, 'table')],
  })
  const term = dressed(new Trend(), {
    title: 'Term structure at the end of the range',
    description: 'Implied volatility of the strike nearest to the forward, by calendar days to expiry.',
    unit: 'percentunit',
    span: HALF,
    height: 10,
    targets: [
      sql(
        `
SELECT DISTINCT ON (days) days, volatility FROM tapedeck.volatility_at('$symbol', $__timeTo()::timestamptz, interval '12 hours')
WHERE days > 0 ORDER BY days, abs(strike - forward)`,
        'table',
      ),
    ],
  })
  const surface = table({
    title: 'Implied volatility surface at the end of the range',
    description: 'Strikes by expiries, of options out of the money; coloured from low to high.',
    unit: 'percentunit',
    height: 12,
    span: HALF,
    targets: [sql(SURFACE, 'table')],
  })
  return [
    smiles
      .mapping(SeriesMapping.Auto)
      .show(XYShowMode.PointsAndLines)
      .pointSize({ fixed: 5 })
      .legend(legend(true))
      .withTransformation({ id: 'filterFieldsByName', options: { include: { names: ['strike', 'volatility', 'expiry'] } } })
      .withTransformation({ id: 'partitionByValues', options: { fields: ['expiry'], keepFields: false, naming: { asLabels: true } } })
      .overrideByName('strike', [unitOf('none')]),
    term
      .xField('days')
      .legend(legend(false))
      .showPoints(common.VisibilityMode.Always)
      .pointSize(7)
      .overrideByName('days', [unitOf('d')]),
    surface
      .withTransformation({
        id: 'groupingToMatrix',
        options: { columnField: 'expiry', rowField: 'strike', valueField: 'volatility', emptyValue: 'null' },
      })
      .decimals(1)
      .overrideByName('strike\\expiry', [unitOf('none'), property('custom.cellOptions', { type: 'auto' })])
      .colorScheme({ build: () => ({ mode: 'continuous-BlYlRd' as never }) })
      .cellOptions({
        type: common.TableCellDisplayMode.ColorBackground,
        mode: common.TableCellBackgroundDisplayMode.Basic,
      }),
    atTheMoney(),
  ]
}

function atTheMoney() {
  return priceSeries({
    title: 'Volatility at the money by expiry',
    description: 'Of the strike nearest to the forward, or of options with a delta of 0.4 to 0.6 where the broker gave it.',
    unit: 'percentunit',
    height: 12,
    targets: [
      sql(
        `
SELECT ts AS "time", expiry::text AS metric, volatility
FROM tapedeck.atm_volatility('$symbol', $__timeFrom()::timestamptz, $__timeTo()::timestamptz, interval '$__interval_ms milliseconds')
WHERE expiry::text IN ($expiry) ORDER BY 1, 2`,
        'time_series',
      ),
    ],
  }).interval('5m')
}

function activity() {
  return [
    stacked({
      title: 'Ticks of $symbol and its options',
      description: 'Recorded rows by kind, within the interval of a point. Quotes tick by tick are counted beside the sampled ones.',
      targets: [
        sql(
          `
SELECT $__timeGroup(t.ts, $__interval) AS "time", t.kind AS metric, count(*)::float8 AS ticks
FROM (
  SELECT ts, instrument_id, CASE WHEN source = 'tick-by-tick' THEN 'quotes tick by tick' ELSE 'quotes' END AS kind FROM quotes WHERE $__timeFilter(ts)
  UNION ALL SELECT ts, instrument_id, 'trades' FROM trades WHERE $__timeFilter(ts)
  UNION ALL SELECT ts, instrument_id, 'greeks' FROM option_greeks WHERE $__timeFilter(ts)
  UNION ALL SELECT ts, instrument_id, 'statistics' FROM statistics WHERE $__timeFilter(ts)
) t JOIN instruments i USING (instrument_id)
WHERE i.symbol = '$symbol' GROUP BY 1, 2 ORDER BY 1, 2`,
          'time_series',
        ),
      ],
      span: FULL,
    }).interval('1m'),
  ]
}
