/** A calendar of months: the grade and the completeness of each recorded day, and the days on which nothing was recorded. */

import type { QualityReport } from '../../collector/quality/report.ts'
import { type Letter, letterOf } from '../../market/quality/grade.ts'
import type { SymbolDay } from '../../market/quality/symbol-day.ts'
import { addDays, weekday } from '../../market/time.ts'
import { html, type Markup } from '../../system/page/html.ts'
import { percent } from '../report-words.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const KEY: readonly (readonly [Letter, string])[] = [
  ['A', 'A: 98 and more'],
  ['B', 'B: 95'],
  ['C', 'C: 90'],
  ['D', 'D: 80'],
  ['F', 'F: less'],
]

interface DayCell {
  date: string
  state: QualityReport['days'][number]['state']
  completeness: number | undefined
  letter: Letter | undefined
}

export function calendar({ days, symbols }: Pick<QualityReport, 'days' | 'symbols'>): Markup {
  const cells = days.map(({ date, state }) => cellOf(date, state, symbols))
  const months = [...new Set(days.map(({ date }) => date.slice(0, 7)))]
  return html`<section><h2>Calendar</h2>
<div class="calendars">${months.map((month) => monthTable(month, new Map(cells.map((cell) => [cell.date, cell]))))}</div>
<ul class="key">${KEY.map(([letter, text]) => html`<li><i class="${letter}"></i>${text}</li>`)}<li><i class="nothing"></i>market open, nothing recorded</li></ul>
</section>`
}

/** Of all contracts, weighted by the time in which each was wanted. */
function cellOf(date: string, state: DayCell['state'], symbols: readonly SymbolDay[]): DayCell {
  const ofDate = symbols.filter((day) => day.date === date)
  const expectedUs = ofDate.reduce((sum, day) => sum + day.expectedUs, 0)
  if (expectedUs === 0) return { date, state, completeness: undefined, letter: undefined }
  const coveredUs = ofDate.reduce((sum, day) => sum + day.coveredUs, 0)
  const points = ofDate.reduce((sum, day) => sum + (day.score ?? 0) * day.expectedUs, 0)
  return { date, state, completeness: coveredUs / expectedUs, letter: letterOf(points / expectedUs) }
}

function monthTable(month: string, cells: ReadonlyMap<string, DayCell>): Markup | undefined {
  const first = `${month}-01`
  const monday = addDays(first, -((weekday(first) + 6) % 7))
  const weeks: Markup[] = []
  for (let start = monday; start.slice(0, 7) <= month; start = addDays(start, 7)) {
    const dates = WEEKDAYS.map((_, i) => addDays(start, i))
    // A week of which only a Sunday is in the range says nothing.
    if (dates.some((date) => date.startsWith(month) && (cells.get(date)?.state ?? 'closed') !== 'closed'))
      weeks.push(
        html`<tr>${dates.map((date) => (date.startsWith(month) ? dayCell(date, cells.get(date)) : html`<td class="out"></td>`))}</tr>`,
      )
  }
  if (weeks.length === 0) return undefined
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Calendar of ${nameOf(month)}"><table class="calendar"><caption>${nameOf(month)}</caption>
<thead><tr>${WEEKDAYS.map((day) => html`<th scope="col">${day}</th>`)}</tr></thead><tbody>${weeks}</tbody></table></div>`
}

function dayCell(date: string, cell: DayCell | undefined): Markup {
  const day = html`<span class="date">${Number(date.slice(8))}</span>`
  if (cell?.letter !== undefined)
    return html`<td class="${cell.letter}">${day}<b>${cell.letter}</b> ${percent(cell.completeness ?? 0)}</td>`
  if (cell?.state === 'recorded') return html`<td>${day}no grade</td>`
  if (cell?.state === 'nothing-recorded') return html`<td class="nothing">${day}none</td>`
  return html`<td>${day}</td>`
}

const nameOf = (month: string) => `${MONTHS[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`
