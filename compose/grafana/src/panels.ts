/** Panels as all dashboards have them: a legend that is shown, a unit, a description, thresholds by colour. */

import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart'
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'

import { POSTGRES, PROMETHEUS } from './targets.ts'

/** Of 24 columns. */
export const FULL = 24
export const HALF = 12
export const THIRD = 8

export interface PanelOptions {
  title: string
  /** What it shows, and what to make of it: the text behind the (i). */
  description: string
  targets: Builder<Dataquery>[]
  /** As Grafana calls it: `s`, `bytes`, `percentunit`, `ops`, `currencyUSD`. */
  unit?: string
  span?: number
  height?: number
}

/** Colour from a value on; the first has none: below all others. */
export type Step = readonly [color: string, from?: number]

function thresholds(...steps: Step[]): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([color, value]) => ({ color, value: value ?? null })))
}

/** What every kind of panel's builder has. */
interface AnyPanel<T> {
  title: (title: string) => T
  description: (text: string) => T
  datasource: (source: { type: string; uid: string }) => T
  targets: (targets: Builder<Dataquery>[]) => T
  span: (columns: number) => T
  height: (rows: number) => T
  unit: (unit: string) => T
  noValue: (text: string) => T
}

export function dressed<T extends AnyPanel<T>>(panel: T, { title, description, targets, unit, span = HALF, height = 8 }: PanelOptions): T {
  const [first] = targets.map((target) => (target.build() as unknown as { datasource: { type: string } }).datasource)
  const source = first?.type === PROMETHEUS.type ? PROMETHEUS : POSTGRES
  panel.title(title).description(description).datasource(source).targets(targets).span(span).height(height).noValue('nothing in this range')
  return unit === undefined ? panel : panel.unit(unit)
}

const legendBelow = (...calcs: string[]) =>
  new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(calcs.length > 0 ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs(calcs)

const tooltipOfAll = () => new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending)

export function timeSeries(options: PanelOptions): TimeSeries {
  return dressed(new TimeSeries(), options)
    .legend(legendBelow())
    .tooltip(tooltipOfAll())
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Auto)
    .axisSoftMin(0)
}

/** Bars on top of each other: parts of a sum. */
export function stacked(options: PanelOptions): TimeSeries {
  return timeSeries(options)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(70)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'))
}

/** Prices and volatilities: the axis follows the values. */
export function priceSeries(options: PanelOptions): TimeSeries {
  return dressed(new TimeSeries(), options)
    .legend(legendBelow('lastNotNull', 'min', 'max'))
    .tooltip(tooltipOfAll())
    .lineWidth(1)
    .fillOpacity(0)
    .showPoints(common.VisibilityMode.Auto)
    .spanNulls(true)
}

export function stat(options: PanelOptions, ...steps: Step[]): Stat {
  return dressed(new Stat(), { span: 4, height: 4, ...options })
    .thresholds(thresholds(...(steps.length > 0 ? steps : ([['text']] as Step[]))))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
}

export function table(options: PanelOptions): Table {
  return dressed(new Table(), options).cellHeight(common.TableCellHeight.Sm).filterable(true)
}

export function barChart(options: PanelOptions): BarChart {
  return dressed(new BarChart(), options).legend(legendBelow()).tooltip(tooltipOfAll()).showValue(common.VisibilityMode.Auto)
}

/** Properties of one column or series, as overrides take them. */
export const property = (id: string, value: unknown): dashboard.DynamicConfigValue => ({ id, value })
export const unitOf = (unit: string) => property('unit', unit)
export const colorOf = (color: string) => property('color', { mode: 'fixed', fixedColor: color })
