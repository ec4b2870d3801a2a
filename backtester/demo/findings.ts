/** What the detectors of arbitrage found in the demonstration's day, and the sentence that explains it, as text of at most 80 columns. */

import { alignColumns, wrapText } from '../../system/text-table.ts'

/** As the summary of `tapedeck collect --json` has it. */
export interface FunnelTotals {
  quotes: number
  candidates: number
  opened: number
  /** Records that no detector looked at, as they were behind. */
  passed: number
  /** Candidates by reason and detector. */
  refused: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** An opportunity that is over, as the event of `tapedeck collect --json` has it. */
export interface ClosedOpportunity {
  openedTs: string
  closedTs: string
  best: { profit: number; certainty: string }
}

/** What the settings take for known of the day. */
export interface AssumedCarry {
  rate: number
  underlyings: readonly {
    symbol: string
    dividends?: readonly { exDate: string; amount: number }[] | undefined
    borrow?: number | undefined
  }[]
}

const WIDTH = 80
/** Below this an opportunity is one of two records of the same minute. */
const MOMENT_MS = 1000

/** What makes an edge vanish that is there while money, dividends and borrowed shares cost nothing. */
const WHY_CARRY: Readonly<Record<string, string>> = {
  reversal: 'reversals, whose short stock owes its dividends and a fee',
  'jelly-roll': 'jelly rolls, whose two expiries lie dividends and interest apart',
  conversion: 'conversions, which tie up money that costs interest',
}

export function formatFindings(funnel: FunnelTotals, closed: readonly ClosedOpportunity[], assumed: AssumedCarry): string {
  const head = `Arbitrage: ${whole(funnel.quotes)} quotes looked at, ${whole(funnel.candidates)} candidates, ${whole(funnel.opened)} opportunities`
  const table = refusedTable(funnel)
  const sentences = [carrySentence(funnel), leftSentence(funnel, closed), passedSentence(funnel), assumedSentence(assumed)]
  const text = sentences.flatMap((sentence) => (sentence === undefined ? [] : wrapText(sentence, WIDTH))).join('\n')
  return [head, ...(table === undefined ? [] : [table]), text].join('\n\n')
}

/** Reasons with most candidates first. */
function refusedTable({ refused }: FunnelTotals): string | undefined {
  const reasons = Object.entries(refused).map(([reason, detectors]) => ({ reason, total: sum(detectors), detectors: byCount(detectors) }))
  if (reasons.length === 0) return undefined
  const rows = reasons
    .sort((a, b) => b.total - a.total)
    .map(({ reason, total, detectors }) => [total, reason, detectors.map(([name, count]) => `${name} ${whole(count)}`).join(', ')])
  return alignColumns([['refused', 'for', 'by detector'], ...rows])
    .split('\n')
    .map((line) => (line.length > WIDTH ? `${line.slice(0, line.lastIndexOf(',', WIDTH - 3))}, …` : line))
    .join('\n')
}

function carrySentence({ refused, candidates }: FunnelTotals): string | undefined {
  const carry = refused['carry'] ?? {}
  const total = sum(carry)
  if (total === 0) return undefined
  const kinds = byCount(carry).flatMap(([name, count]) => (WHY_CARRY[name] === undefined ? [] : [`${whole(count)} ${WHY_CARRY[name]}`]))
  const among = kinds.length === 0 ? '' : ` Among them: ${kinds.join('; ')}.`
  return (
    `What looks like free money is carry: ${whole(total)} of ${whole(candidates)} candidates (${share(total, candidates)}) pay only while ` +
    `money, dividends and borrowed shares cost nothing.${among}`
  )
}

function leftSentence({ opened }: FunnelTotals, closed: readonly ClosedOpportunity[]): string {
  if (opened === 0) return 'Nothing is left.'
  const lasting = closed.filter(({ openedTs, closedTs }) => Date.parse(closedTs) - Date.parse(openedTs) >= MOMENT_MS)
  const brief = closed.length - lasting.length
  const parts = [`${whole(opened)} ${opened === 1 ? 'is' : 'are'} left.`]
  if (brief > 0)
    parts.push(
      `${brief === closed.length ? 'Each' : whole(brief)} of them stood for less than a second: the tape has one quote of each contract a minute, and a new price of the ` +
        'stock meets options of the minute before.',
    )
  if (lasting.length > 0) {
    const guaranteed = lasting.filter(({ best }) => best.certainty === 'guaranteed').length
    const best = Math.max(...lasting.map(({ best }) => best.profit))
    const certainty =
      guaranteed === 0 ? 'none of them is guaranteed: early exercise or other dividends can undo them' : `${whole(guaranteed)} guaranteed`
    parts.push(`${whole(lasting.length)} stood longer, the best for ${best.toFixed(2)} after fees; ${certainty}.`)
  }
  return parts.join(' ')
}

function passedSentence({ passed }: FunnelTotals): string | undefined {
  if (passed === 0) return undefined
  return `${whole(passed)} records were not looked at, as the detectors were behind: \`tapedeck arb scan\` looks at all of them.`
}

function assumedSentence({ rate, underlyings }: AssumedCarry): string {
  const own = underlyings.flatMap(({ symbol, dividends, borrow }) => [
    ...(dividends && dividends.length > 0 ? [`dividends of ${symbol}: ${dividendText(dividends)}`] : []),
    ...(borrow === undefined ? [] : [`borrowing it: ${percent(borrow)} a year`]),
  ])
  return `Taken for known: ${[`interest of ${percent(rate)} a year`, ...own].join('; ')}.`
}

function dividendText(dividends: readonly { exDate: string; amount: number }[]): string {
  const amounts = [...new Set(dividends.map(({ amount }) => amount))].join(' and ')
  return `${amounts}, ${dividends.length} times until ${dividends.at(-1)?.exDate ?? ''}`
}

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((total, count) => total + count, 0)
const byCount = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
const whole = (value: number) => value.toLocaleString('en-US')
const percent = (fraction: number) => `${Number((100 * fraction).toFixed(4))} %`
/** Never 100 % when there are others. */
const share = (part: number, all: number) => `${Math.floor((100 * part) / all)} %`
