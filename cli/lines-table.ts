/** Who holds the market-data lines of a collector, as text of at most 80 columns. */

import type { LinesPage } from '../collector/telemetry/lines-page.ts'
import { usFromIso } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { counted, length, short } from './report-words.ts'

const WIDTH = 80
const NAME = 28

export function formatLines(page: LinesPage): string {
  const head = [...headOf(page), ...coverageOf(page)].flatMap((text) => wrapText(text, WIDTH))
  return page.lines.length === 0 ? head.join('\n') : `${head.join('\n')}\n\n${tableOf(page)}`
}

function headOf({ session, state, limit, available, lines, gateways = [] }: LinesPage): string[] {
  const time = session ? `${session.marketTime.slice(0, 19)}Z, session ${session.id}` : 'No session has begun.'
  const held = lines.filter(({ feed, since }) => feed === null && since !== null).length
  const learned = available < limit ? `, of which the gateway has ${available} now` : ''
  const each = gateways.map(({ gateway, open, isGone, ...own }, i) => {
    return `${i + 1}: ${gateway}, ${isGone ? 'GONE, the others have its contracts' : `${open} open of at most ${own.available}`}`
  })
  return [time, `${counted(held, 'line')} open of at most ${limit}${learned}: ${STATES[state]}`, ...each]
}

const STATES: Readonly<Record<LinesPage['state'], string>> = {
  idle: 'the contracts to record are not known yet',
  fitting: 'every contract has a line',
  rotating: 'there are more contracts than lines, and they take turns',
  limited: 'there are more contracts than lines, and those beyond them are never watched (lines.rotation)',
}

function coverageOf({ coverage, plan }: LinesPage): string[] {
  if (!coverage || !plan) return []
  const { contracts, core, edge, rotating, blocked, rotationLines, roundSeconds, isKept, coreExpiries, expiries } = coverage
  const minutes = (seconds: number) => (Math.ceil(seconds / 6) / 10).toLocaleString('en-US')
  const round =
    roundSeconds === null
      ? 'no line is left for them'
      : `a round takes ${minutes(roundSeconds)} min, ${plan.seenEveryMinutes} min are asked for${isKept ? '' : ', which CANNOT be kept'}`
  const parts = [
    `${core} core (the money of ${coreExpiries} of ${counted(expiries, 'expiry', 'expiries')})`,
    ...(edge > 0 ? [`${edge} with an edge`] : []),
    `${rotating.toLocaleString('en-US')} in turn on ${counted(rotationLines, 'line')}`,
    ...(blocked > 0 ? [`${blocked} left alone for now`] : []),
  ]
  return [
    `${counted(contracts, 'option')}: ${parts.join(', ')}`,
    `In turn: ${round}`,
    `Unseen for longest: ${length(coverage.longestUnseenSeconds * 1_000_000)}; for longer than asked: ${counted(coverage.unseen, 'contract')}`,
  ]
}

function tableOf({ lines, session, gateways = [] }: LinesPage): string {
  const placeOf = (name = '') => String(gateways.findIndex(({ gateway }) => gateway === name) + 1)
  const nowUs = session ? usFromIso(session.marketTime) : Number.NaN
  const ago = (iso: string | null) => (iso === null || Number.isNaN(nowUs) ? '-' : length(Math.max(0, nowUs - usFromIso(iso))))
  return alignColumns([
    [...(gateways.length > 0 ? ['at'] : []), 'line of', 'why', 'state', 'held for', 'last tick'],
    ...lines.map(({ gateway, contract, feed, reason, state, since, lastTick }) => [
      ...(gateways.length > 0 ? [placeOf(gateway)] : []),
      short(contract, NAME),
      feed === null ? reason : feed.replace('tick-by-tick-', 'every '),
      state,
      ago(since),
      lastTick === null ? '-' : `${ago(lastTick)} ago`,
    ]),
  ])
}
