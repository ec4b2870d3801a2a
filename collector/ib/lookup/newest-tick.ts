/** When a contract had its newest trade or quote, by IB's history: the one thing about a line that no cache of the gateway answers. */

import type { Line } from '../../lines/line.ts'
import type { Link } from '../link/link.ts'
import { compactDate, toIbContract } from './map-contract.ts'

/** Which ticks tell whether a line ought to have had data: an index is not quoted, and most contracts are quoted far oftener than traded. */
export function telltaleOf({ contract, feed }: Pick<Line, 'contract' | 'feed'>): 'trades' | 'quotes' {
  return feed === 'tick-by-tick-trades' || contract.kind === 'index' ? 'trades' : 'quotes'
}

/** In microseconds, of IB's whole seconds; undefined when IB knows none. Rejects when IB does not say. */
export async function newestTickUs(
  link: Pick<Link, 'newestTicks'>,
  line: Pick<Line, 'contract' | 'feed'>,
  nowUs: number,
): Promise<number | undefined> {
  // Without a zone IB takes a time for one of its login's.
  const [day = '', time = ''] = new Date(nowUs / 1000).toISOString().split('T')
  const seconds = await link.newestTicks(toIbContract(line.contract), telltaleOf(line), `${compactDate(day)}-${time.slice(0, 8)}`)
  return seconds.length > 0 ? Math.max(...seconds) * 1_000_000 : undefined
}
