/** The universe of a collector as tables of at most 80 columns. */

import type { UniversePage } from '../collector/universe/page.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80
/** A session of US options. */
const SESSION_MS = 6.5 * 3_600_000

const STATES: Readonly<Record<UniversePage['underlyings'][number]['state'], string>> = {
  searching: 'still looked for',
  complete: 'chain known',
  unknown: 'the gateway knows no such underlying',
  'no-options': 'the gateway knows no options of it',
  recorded: 'as recorded last',
  'not-recorded': 'nothing of it was recorded',
}

export function formatUniverse(page: UniversePage): string {
  return [...wrapText(summary(page), WIDTH), ...page.underlyings.flatMap((one) => ['', ...underlying(one)])].join('\n')
}

function summary({ from, recordedUntil, lines, wanted, roundMs, holdMs }: UniversePage): string {
  const are = from === 'database' ? 'would be' : 'are'
  const until = recordedUntil === null ? '' : ` up to ${recordedUntil}`
  const source = from === 'database' ? `No collector is running. Of what the database has recorded${until}, by the settings: ` : ''
  const all = `${source}${whole(wanted)} contracts ${are} wanted, on ${whole(lines)} market-data lines.`
  if (wanted <= lines) return all
  const more = `${whole(wanted - lines)} more than lines`
  if (roundMs === null) return `${all} That is ${more}, and the underlyings alone take them: no option can be recorded.`
  const turns = `taking turns of ${holdMs / 1000} s, each option could be seen once in ${duration(roundMs)} at best`
  const never = roundMs > SESSION_MS ? ', which is longer than a session: they cannot all be covered' : ''
  return `${all} That is ${more}: ${turns}${never}.`
}

function underlying(one: UniversePage['underlyings'][number]): string[] {
  const price = one.referencePrice === null ? '' : ` at ${one.referencePrice}`
  const head = `${one.symbol} ${one.kind}${price}: ${STATES[one.state]}`
  if (one.expiries.length === 0 && Object.keys(one.unasked).length === 0) return wrapText(head, WIDTH)
  const figures = `; ${whole(one.wanted)} options wanted, ${whole(one.withLine)} with a line`
  const leftOut = reasons(one.leftOut)
  const unasked = reasons(one.unasked)
  const rows = one.expiries.map(({ expiry, tradingClass, wanted, withLine, leftOut: some }) => [
    `  ${expiry}`,
    tradingClass,
    whole(wanted).padStart(6),
    whole(withLine).padStart(6),
    reasons(some),
  ])
  return [
    ...wrapText(head + figures, WIDTH),
    ...(leftOut === '' ? [] : wrapText(`left out: ${leftOut}`, WIDTH - 2).map((line) => `  ${line}`)),
    ...(unasked === '' ? [] : wrapText(`expiries not asked for: ${unasked}`, WIDTH - 2).map((line) => `  ${line}`)),
    ...(rows.length === 0 ? [] : narrow(alignColumns([['  expiry', 'class', 'wanted', ' lines', 'left out'], ...rows]))),
  ]
}

/** What does not fit is in the line of the whole underlying, and in --json. */
function narrow(table: string): string[] {
  return table.split('\n').map((line) => (line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line))
}

function reasons(counts: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(counts)
    .map(([reason, count = 0]) => `${whole(count)} ${reason}`)
    .join(', ')
}

const whole = (value: number) => value.toLocaleString('en-US')

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
