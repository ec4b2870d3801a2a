/** What a dataset holds and misses, as text for a person. */

import type { DatasetVerdict } from '../backtester/dataset/verify.ts'
import { type Dataset, ticksOf } from '../backtester/dataset/dataset.ts'
import { barLength } from '../market/bar.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { counted, length, percent, second, short } from './report-words.ts'

const WIDTH = 80
const SHOWN_CAUSES = 6

export const formatFreezing = (ticks: number): string => `${ticks.toLocaleString('en-US')} ticks`

export function formatDatasets(datasets: readonly Dataset[]): string {
  if (datasets.length === 0) return 'There is no dataset. Make one with `tapedeck dataset create`.'
  const rows = datasets.map((dataset) => [
    dataset.name,
    second(dataset.fromUs).slice(0, 10),
    second(dataset.toUs - 1).slice(0, 10),
    contentOf(dataset),
    dataset.hash.slice(0, 12),
  ])
  return alignColumns([['Name', 'From', 'To', 'Holds', 'Hash'], ...rows])
}

export function formatDataset(dataset: Dataset): string {
  const { name, origin, fromUs, toUs, symbols, instruments, gaps, warnings, hash } = dataset
  const rows: [string, string][] = [
    ['Dataset', name],
    ['From', second(fromUs)],
    ['To', second(toUs)],
    ['Symbols', short(symbols.join(', '), WIDTH - 16)],
    ['Holds', contentOf(dataset)],
    ['Instruments', instruments.length.toLocaleString('en-US')],
    ['Origin', origin.kind === 'tape' ? origin.path : sessionsOf(dataset)],
    ...pricesOf(dataset),
    ['Hash', hash],
    ['Gaps', gaps.length === 0 ? 'none' : counted(gaps.length, 'gap')],
  ]
  return [alignColumns(rows), ...causesOf(dataset), ...warnings.flatMap((warning) => wrapText(`Warning: ${warning}`, WIDTH))].join('\n')
}

export function formatDatasetVerdict({ name, ok, problems, origin, hash }: DatasetVerdict): string {
  if (ok) return `${name} holds what was frozen${origin ? ', and so does what it came from' : ''}: ${hash}`
  return [`${name} does not hold what was frozen:`, ...problems.map((problem) => `- ${problem}`)].join('\n')
}

function pricesOf({ asOf, prices, actions = [] }: Dataset): [string, string][] {
  if (asOf === undefined) return []
  const applied: [string, string][] =
    actions.length === 0 && prices === undefined
      ? []
      : [['Applied in a run', counted(actions.length, 'split or dividend', 'splits and dividends')]]
  return [prices === 'raw' ? ['As traded, as of', asOf] : ['Adjusted as of', asOf], ...applied]
}

function contentOf(dataset: Dataset): string {
  const { bars, barSeconds } = dataset
  if (bars && barSeconds !== undefined) return `${counted(bars.bars, 'bar')} of ${barLength(barSeconds)}`
  return counted(ticksOf(dataset), 'tick')
}

function sessionsOf({ parts, bars }: Dataset): string {
  if (bars) return 'database'
  const numbers = parts.map(({ sessionId }) => sessionId)
  return `${numbers.length === 1 ? 'session' : 'sessions'} ${short(numbers.join(', '), WIDTH - 26)} of the database`
}

/** What each cause has cost, the most costly one first. */
function causesOf({ gaps }: Dataset): string[] {
  const causes = new Map<string, { count: number; us: number; repairedUs: number }>()
  for (const { cause, fromTsUs, toTsUs, repaired = 0 } of gaps) {
    const { count, us, repairedUs } = causes.get(cause) ?? { count: 0, us: 0, repairedUs: 0 }
    const ownUs = Math.max(0, toTsUs - fromTsUs)
    causes.set(cause, { count: count + 1, us: us + ownUs, repairedUs: repairedUs + repaired * ownUs })
  }
  const sorted = [...causes].sort(([, one], [, other]) => other.us - one.us)
  const lines = sorted.slice(0, SHOWN_CAUSES).map(([cause, { count, us, repairedUs }]) => {
    const repaired = repairedUs > 0 ? `, trades of ${percent(repairedUs / us)} repaired` : ''
    return `  ${short(cause, 50)}: ${count}, ${length(us)} over all instruments${repaired}`
  })
  return sorted.length > SHOWN_CAUSES ? [...lines, `  and ${counted(sorted.length - SHOWN_CAUSES, 'more cause')}`] : lines
}
