/** What the detectors of a running collector find, as text of at most 80 columns. */

import type { ArbitragePage } from '../collector/detect/page.ts'
import { usFromIso } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { annual, length, shortKey } from './report-words.ts'

const WIDTH = 80
const INDENT = '    '
/** Reasons that fit on a line or two. */
const REASONS = 8

type Episode = ArbitragePage['open'][number]

/** @param most so many of those that are open, and of those that were closed */
export function formatWatch(page: ArbitragePage, most: number): string {
  const { open, closed } = page
  const blocks = [headOf(page)]
  if (open.length > 0) blocks.push(tableOf('Open', open.slice(0, most), page, 'last'))
  if (open.length > most) blocks.push(`and ${open.length - most} more with less profit`)
  if (closed.length > 0) blocks.push(tableOf('Closed', closed.slice(0, most), page, 'best'))
  return blocks.join('\n\n')
}

function headOf({ session, state, funnel, queue }: ArbitragePage): string {
  if (state === 'off') return 'The detectors are off by the settings of the collector (arbitrage.enabled).'
  const time = session ? `${session.marketTime.slice(0, 19)}Z, session ${session.id}` : 'no session has begun'
  const refused = Object.entries(funnel.refused).sort(([, a], [, b]) => b - a)
  const reasons = refused.slice(0, REASONS).map(([reason, times]) => `${reason} ${whole(times)}`)
  const lines = [
    `${time}: ${STATES[state]}${queue.records > 1000 ? `, ${whole(queue.records)} records wait` : ''}`,
    `${whole(funnel.quotes)} quotes, ${whole(funnel.candidates)} candidates, ${whole(funnel.opened)} opportunities`,
    ...(reasons.length > 0 ? [`refused: ${reasons.join(', ')}${refused.length > REASONS ? ', …' : ''}`] : []),
  ]
  return lines.flatMap((line) => wrapText(line, WIDTH)).join('\n')
}

const STATES = {
  watching: 'watching',
  behind: 'BEHIND: records are not looked at',
  failed: 'FAILED: off until the next session; the log says why',
} as const

function tableOf(title: string, episodes: readonly Episode[], { session }: ArbitragePage, moment: 'last' | 'best'): string {
  const nowUs = session ? usFromIso(session.marketTime) : Number.NaN
  const lines = alignColumns([
    [title, '  lasted', '     profit', 'edge/share', '  size', '  a year'],
    ...episodes.map((episode) => {
      const { profit, edgePerShare, size, annualReturn } = episode[moment]
      const untilUs = episode.closedTs === undefined ? nowUs : usFromIso(episode.closedTs)
      return [
        `${episode.openedTs.slice(11, 19)}Z`,
        length(Math.max(0, untilUs - usFromIso(episode.openedTs))).padStart(8),
        profit.toFixed(2).padStart(11),
        edgePerShare.toFixed(4).padStart(10),
        whole(size).padStart(6),
        annual(annualReturn).padStart(8),
      ]
    }),
  ]).split('\n')
  return [lines[0], ...episodes.flatMap((episode, i) => [lines[i + 1], ...detailsOf(episode, moment)])].join('\n')
}

function detailsOf({ id, detector, ending, ...moments }: Episode, moment: 'last' | 'best'): string[] {
  const { certainty, legs } = moments[moment]
  const trades = legs.map(
    ({ side, ratio, contract, price }) => `${side} ${ratio === 1 ? '' : `${ratio} `}${shortKey(contract)} at ${price}`,
  )
  const until = ending === undefined ? '' : `, until ${ending}`
  return [`${id}  ${detector}, ${certainty}${until}`, trades.join(', ')].flatMap((line) =>
    wrapText(line, WIDTH - INDENT.length).map((part) => INDENT + part),
  )
}

const whole = (value: number) => value.toLocaleString('en-US')
