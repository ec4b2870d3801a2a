/** Strategies and what they take, as text for a person. */

import type { DescribedParam } from '../backtester/run/load-strategy.ts'
import { wrapText } from '../system/text-table.ts'

const WIDTH = 80

interface Described {
  name: string
  version: string
  params: readonly DescribedParam[]
}

export function formatStrategies(strategies: readonly Described[]): string {
  return strategies.map(formatStrategy).join('\n\n')
}

function formatStrategy({ name, version, params }: Described): string {
  const columns = Math.max(0, ...params.map((param) => param.name.length)) + 4
  const lines = params.flatMap((param) =>
    wrapText(param.about, WIDTH - columns).map((line, i) => (i === 0 ? `  ${param.name}` : '').padEnd(columns) + line),
  )
  return [`${name} (version ${version})`, ...lines].join('\n')
}
