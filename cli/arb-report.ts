/** What a scan for opportunities found, as text of at most 80 columns, and as plain data. */

import type { ScanSummary } from '../backtester/arbitrage/scan.ts'
import { type Funnel, REFUSALS } from '../market/arbitrage/funnel.ts'
import { type NamedEpisode, type NamedLeg, plainEpisode } from '../market/arbitrage/plain.ts'
import { contractKey } from '../market/contract.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { byDetector, plainFunnel } from './funnel-report.ts'
import { annual, counted, length, money, second, shortKey } from './report-words.ts'

const WIDTH = 80
const INDENT = '    '
/** So many opportunities fit on a screen. */
const LISTED = 10

/** `all`: every opportunity, not only the best ones. */
export function formatScan(summary: ScanSummary, { all }: { all: boolean }): string {
  const { sessionIds, ticks, firstTsUs, lastTsUs, funnel, episodes, seconds } = summary
  const [session, another] = sessionIds
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  const head = alignColumns([
    ...(session === undefined ? [] : [another === undefined ? ['Session', String(session)] : ['Sessions', sessionIds.length]]),
    ['Ticks', ticks],
    ['First', time(firstTsUs)],
    ['Last', time(lastTsUs)],
    ['Ticks/s', Math.round(ticks / seconds)],
    ['Quotes looked at', funnel.quotes],
    ['Candidates', funnel.candidates],
    ['Opportunities', episodes.length],
    ['Guaranteed ones', episodes.filter(isGuaranteed).length],
  ])
  const blocks = [head]
  const refused = funnelTable(funnel)
  if (refused !== undefined) blocks.push(refused)
  if (episodes.length > 0) blocks.push(episodeTable(episodes, all))
  const notes = notesOn(summary)
  if (notes.length > 0) blocks.push(notes.flatMap((note) => wrapText(note, WIDTH)).join('\n'))
  return blocks.join('\n\n')
}

/** Times as text. */
export function plainScan({
  sessionIds,
  ticks,
  firstTsUs,
  lastTsUs,
  funnel,
  episodes,
  stored,
  failedDetectors,
  seconds,
}: ScanSummary): object {
  return {
    sessionIds,
    ticks,
    ...(firstTsUs !== undefined && { first: isoFromUs(firstTsUs) }),
    ...(lastTsUs !== undefined && { last: isoFromUs(lastTsUs) }),
    funnel: plainFunnel(funnel),
    opportunities: episodes.map(plainEpisode),
    stored,
    failedDetectors,
    seconds,
  }
}

/** Why candidates came to nothing, in the order of the gates; undefined when none did. */
function funnelTable(funnel: Funnel): string | undefined {
  const rows = REFUSALS.flatMap((reason) => {
    const detectors = byDetector(funnel, reason)
    if (detectors.length === 0) return []
    return [[funnel.refused(reason), reason, detectors.map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`).join(', ')]]
  })
  if (rows.length === 0) return undefined
  const lines = alignColumns([['refused', 'for', 'by detector'], ...rows]).split('\n')
  return lines.map((line) => (line.length > WIDTH ? `${line.slice(0, line.lastIndexOf(', ', WIDTH - 3))}, …` : line)).join('\n')
}

function episodeTable(episodes: readonly NamedEpisode[], all: boolean): string {
  const isAll = all || episodes.length <= LISTED
  const best = (a: NamedEpisode, b: NamedEpisode) => Number(isGuaranteed(b)) - Number(isGuaranteed(a)) || b.best.profit - a.best.profit
  const shown = isAll ? episodes : [...episodes].sort(best).slice(0, LISTED)
  const lines = alignColumns([
    ['opened', '  lasted', '     profit', 'edge/share', '  size', '  a year'],
    ...shown.map(({ openedUs, closedUs, best }) => [
      second(openedUs),
      (closedUs === undefined ? 'open' : length(closedUs - openedUs)).padStart(8),
      money(best.profit).padStart(11),
      best.edgePerShare.toFixed(4).padStart(10),
      best.size.toLocaleString('en-US').padStart(6),
      annual(best.annualReturn).padStart(8),
    ]),
  ]).split('\n')
  const title = isAll ? [] : [`The ${LISTED} best, guaranteed ones first; --all lists every one, --json as data.`]
  return [...title, lines[0], ...shown.flatMap((episode, i) => [lines[i + 1], ...detailsOf(episode)])].join('\n')
}

const isGuaranteed = ({ best }: NamedEpisode) => best.certainty === 'guaranteed'

function detailsOf({ id, ending, best: { detector, certainty, legs } }: NamedEpisode): string[] {
  const name = `${id}  ${detector}, ${certainty}${ending === undefined ? '' : `, until ${ending}`}`
  return [name, legs.map(shortLeg).join(', ')].flatMap((line) => wrapText(line, WIDTH - INDENT.length).map((part) => INDENT + part))
}

/** `buy 2 TWX 140621C70 at 1.2` */
export function shortLeg({ side, ratio, contract, price }: NamedLeg): string {
  return `${side} ${ratio === 1 ? '' : `${ratio} `}${shortKey(contractKey(contract))} at ${price}`
}

function notesOn({ episodes, stored, sessionIds, failedDetectors }: ScanSummary): string[] {
  const open = episodes.filter(({ ending }) => ending === undefined).length
  const notes =
    open === 0 ? [] : [`${counted(open, 'opportunity', 'opportunities')} open at the last record of a session that may go on: not stored.`]
  for (const { sessionId, stored: count, replaced } of stored) {
    const of = sessionIds.length > 1 ? ` of session ${sessionId}` : ''
    notes.push(
      `Stored: ${counted(count, 'opportunity', 'opportunities')}${of}${replaced > 0 ? `, in place of ${replaced.toLocaleString('en-US')}` : ''}.`,
    )
  }
  for (const [detector, error] of Object.entries(failedDetectors))
    notes.push(`The detector ${detector} failed and was off for the rest of the session: ${error}`)
  return notes
}
