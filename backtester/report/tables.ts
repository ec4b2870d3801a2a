/** The tables of a report. */

import { isoFromUs } from '../../market/time.ts'
import { html, type Markup } from '../../system/page/html.ts'
import { fromUnits } from '../engine/money.ts'
import { aggregateReturns } from '../metrics/calendar-periods.ts'
import type { RunDay, RunSummary } from '../metrics/summary.ts'
import type { RunRange, RunResult } from '../run/result.ts'
import { type Attributed, instrumentName } from './attribution.ts'
import { benchmarkText, FIGURE_GROUPS, figureText, modelsOf } from './figures.ts'

/** Of many rows so many are shown; the JSON and the CSV have all. */
const ROWS = 200
const GAPS = 50
const EVENTS = 100

type Head = readonly (readonly [name: string, isNumber?: 1])[]

export function table(title: string, head: Head, rows: readonly Markup[], note?: string): Markup {
  return html`<section><h2>${title}</h2><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
${note === undefined ? undefined : html`<caption>${note}</caption>`}
<thead><tr>${head.map(([name, isNumber]) => html`<th scope="col" class="${isNumber ? 'number' : ''}">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`
}

const number = (text: string | number) => html`<td class="number">${text}</td>`
const signed = (value: number, text: string) =>
  Number.isNaN(value) || value === 0 ? number(text) : html`<td class="number ${value > 0 ? 'A' : 'F'}">${text}</td>`
const money = (value: number) => figureText(value, 'money')
const part = (value: number) => figureText(value, 'part')

/** Each run has a column; of one, the intervals have another. */
export function figureTable(runs: readonly { name: string; summary: RunSummary }[]): Markup {
  const only = runs.length === 1 ? runs[0] : undefined
  const rows = FIGURE_GROUPS.flatMap(({ title, figures }) => [
    html`<tr><th scope="rowgroup" colspan="${runs.length + (only ? 2 : 1)}">${title}</th></tr>`,
    ...figures
      .filter(({ name }) => runs.some(({ summary }) => name in summary.figures))
      .map(({ name, label, kind }) => {
        const interval = only?.summary.intervals[name]
        const range = interval ? `${figureText(interval.low, kind)} to ${figureText(interval.high, kind)}` : ''
        return html`<tr><th scope="row" class="wrap">${label}</th>${runs.map(({ summary }) => number(figureText(summary.figures[name], kind)))}${
          only ? number(range) : undefined
        }</tr>`
      }),
  ])
  const head: Head = [
    ['Figure'],
    ...runs.map(({ name }) => [only ? 'Value' : name, 1] as const),
    ...(only ? [['95 % interval', 1] as const] : []),
  ]
  return table('Figures', head, rows)
}

const MONTHS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']

/** A row a year. */
export function monthTable(days: readonly RunDay[]): Markup | undefined {
  if (days.length === 0 || days.some((day) => Number.isNaN(day.return))) return undefined
  const dated = days.map((day) => ({ date: day.date, value: day.return }))
  const months = new Map(aggregateReturns(dated, 'month').map(({ period, value }) => [period, value]))
  const rows = aggregateReturns(dated, 'year').map(({ period: year, value }) => {
    const cells = MONTHS.map((month) => {
      const ofMonth = months.get(`${year}-${month}`)
      return ofMonth === undefined ? html`<td></td>` : signed(ofMonth, part(ofMonth))
    })
    return html`<tr><th scope="row">${year}</th>${cells}${signed(value, part(value))}</tr>`
  })
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec', 'Year']
  return table('Returns by month', [['Year'], ...names.map((name) => [name, 1] as const)], rows)
}

export function attributionTable(title: string, of: string, rows: readonly Attributed[]): Markup | undefined {
  if (rows.length === 0) return undefined
  const shown = rows.slice(0, ROWS)
  return table(
    title,
    [[of], ['Round trips', 1], ['Won', 1], ['Before costs', 1], ['Costs', 1], ['Net', 1]],
    shown.map(
      ({ name, trades, winRate, gross, costs, net }) =>
        html`<tr><th scope="row">${name}</th>${number(trades)}${number(part(winRate))}${number(money(gross))}${number(money(costs))}${signed(net, money(net))}</tr>`,
    ),
    shownOf(shown.length, rows.length),
  )
}

export function costTable({ costs, income, settings }: RunResult, { figures }: RunSummary): Markup {
  const row = (name: string, amount: number) => html`<tr><th scope="row">${name}</th>${number(money(amount))}</tr>`
  return table(
    `Costs and income (${settings.currency})`,
    [['Kind'], ['Amount', 1]],
    [
      ...Object.entries(costs).map(([name, amount]) => row(name, -amount)),
      ...Object.entries(income).map(([name, amount]) => row(`${name} received`, amount)),
      html`<tr><th scope="row">Costs, as a part of what was won before them</th>${number(figureText(figures['costShare'], 'part'))}</tr>`,
    ],
  )
}

export function tripTable({ instruments }: RunResult, { trips }: RunSummary): Markup | undefined {
  if (trips.length === 0) return undefined
  const shown = trips.toSorted((one, other) => Math.abs(other.net) - Math.abs(one.net)).slice(0, ROWS)
  const rows = shown
    .toSorted((one, other) => one.closedUs - other.closedUs)
    .map(
      (trip) => html`<tr><th scope="row">${minute(trip.openedUs)}</th><td class="nowrap">${minute(trip.closedUs)}</td>
<td class="nowrap">${instrumentName(instruments, trip.instrument)}</td><td>${trip.direction}</td>${number(trip.quantity.toLocaleString('en-US'))}
${number(Number(trip.entryPrice.toPrecision(8)))}${number(Number(trip.exitPrice.toPrecision(8)))}${number(money(fromUnits(trip.cost)))}${signed(trip.net, money(fromUnits(trip.net)))}</tr>`,
    )
  const head: Head = [
    ['Opened (UTC)'],
    ['Closed (UTC)'],
    ['Instrument'],
    ['Direction'],
    ['Quantity', 1],
    ['Entry', 1],
    ['Exit', 1],
    ['Costs', 1],
    ['Net', 1],
  ]
  return table('Round trips', head, rows, shownOf(shown.length, trips.length, 'that brought or cost most'))
}

function rangeText({ fromUs, toUs, warmUpUs = 0 }: RunRange): string {
  const part = `${fromUs === undefined ? 'the begin' : minute(fromUs)} to ${toUs === undefined ? 'the end' : minute(toUs)} UTC`
  return warmUpUs > 0 && fromUs !== undefined ? `${part}, warmed up from ${minute(fromUs - warmUpUs)}` : part
}

export function settingsTable({ strategy, params, settings, codeVersion, startedAt, durationMs, hash, counts }: RunResult): Markup {
  const rows: [string, string][] = [
    ['Strategy', `${strategy.name} ${strategy.version}, ${strategy.source}`],
    ...Object.entries(params).map(([name, value]): [string, string] => [`Parameter ${name}`, plain(value)]),
    ['Cash', `${money(settings.cash)} ${settings.currency}`],
    ...modelsOf(settings).map(([role, { name, params: given }]): [string, string] => [
      `Model of ${role}`,
      `${name}${Object.entries(given)
        .map(([key, value]) => `, ${key} ${plain(value)}`)
        .join('')}`,
    ]),
    ...(settings.range ? [['Range', rangeText(settings.range)] as [string, string]] : []),
    ...(settings.stress ? [['Stress', JSON.stringify(settings.stress)] as [string, string]] : []),
    ...(settings.benchmark ? [['Benchmark', benchmarkText(settings.benchmark)] as [string, string]] : []),
    ['Seed', String(settings.seed)],
    ['Read', `${counts.ticks.toLocaleString('en-US')} ticks, ${counts.bars.toLocaleString('en-US')} bars`],
    ['Ran', `${startedAt}, ${(durationMs / 1000).toFixed(1)} s, tapedeck ${codeVersion}`],
    ['Hash of the result', hash],
  ]
  return table(
    'Parameters and settings',
    [['Name'], ['Value']],
    rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`),
  )
}

const plain = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

export function dataSection({ dataset, instruments }: RunResult): Markup {
  if (!dataset) return html`<section><h2>Data</h2><p>The run failed before its data was found.</p></section>`
  const { name, kind, hash, fromUs, toUs, symbols, barSeconds, gaps } = dataset
  const about = html`<section><h2>Data</h2>
<p>The ${kind} ${name}, from ${minute(fromUs)} to ${minute(toUs)} UTC: ${symbols.join(', ')}${barSeconds === undefined ? '' : `, bars of ${barSeconds} s`}.
Its hash is <code>${hash}</code>.</p>
<p>${gaps.length === 0 ? 'No gap lies in its range.' : `Gaps in its range: ${gaps.length.toLocaleString('en-US')}.`}</p></section>`
  if (gaps.length === 0) return about
  const shown = gaps.toSorted((one, other) => other.toTsUs - other.fromTsUs - (one.toTsUs - one.fromTsUs)).slice(0, GAPS)
  const rows = shown.map(
    ({
      fromTsUs,
      toTsUs,
      cause,
      instrument,
      repaired = 0,
    }) => html`<tr><th scope="row">${minute(fromTsUs)}</th>${number(figureText((toTsUs - fromTsUs) / 1000, 'length'))}
<td>${instrument === undefined ? 'everything' : instrumentName(instruments, instrument)}</td><td>${cause}${repaired > 0 ? `, trades of ${Math.floor(repaired * 100)} % repaired` : ''}</td></tr>`,
  )
  return html`${about}${table('Gaps in the data', [['From (UTC)'], ['Length', 1], ['Of'], ['Cause']], rows, shownOf(shown.length, gaps.length, 'longest'))}`
}

export function eventTable({ events }: RunResult): Markup | undefined {
  if (events.length === 0) return undefined
  const shown = events.slice(0, EVENTS)
  const rows = shown.map(
    ({ tsUs, kind, message }) => html`<tr><th scope="row">${minute(tsUs)}</th><td class="nowrap">${kind}</td><td>${message}</td></tr>`,
  )
  return table('Events and log', [['Time (UTC)'], ['Kind'], ['Message']], rows, shownOf(shown.length, events.length, 'first'))
}

function shownOf(shown: number, all: number, which = 'first'): string | undefined {
  return shown < all ? `The ${shown} ${which}, of ${all.toLocaleString('en-US')}; the JSON has all.` : undefined
}

/** `2014-06-05 13:30` */
export const minute = (us: number) => isoFromUs(us).slice(0, 16).replace('T', ' ')
