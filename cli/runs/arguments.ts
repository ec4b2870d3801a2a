/** Numbers of runs, and the runs that they name. */

import { InvalidArgumentError } from 'commander'

import type { ListedRun } from '../../backtester/store/read-runs.ts'
import type { RunResult } from '../../backtester/run/result.ts'
import { FeedError } from '../../market/errors.ts'
import type { CommonOptions } from '../arguments.ts'
import { withDatabase } from '../settings.ts'

export function runArgument(text: string): number {
  const id = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id))
    throw new InvalidArgumentError('expected the number of a run, as `tapedeck runs list` shows it.')
  return id
}

export const runsArgument = (text: string, before: readonly number[] | undefined): number[] => [...(before ?? []), runArgument(text)]

/** @throws FeedError `no-run` naming those that are not stored */
export function refuseMissing(ids: readonly number[], found: readonly number[]): void {
  const missing = ids.filter((id) => !found.includes(id))
  if (missing.length > 0)
    throw new FeedError(
      `The database holds no run ${missing.join(', ')}. \`tapedeck runs list\` shows those that it holds, \`tapedeck backtest\` makes one.`,
      { code: 'no-run' },
    )
}

/** Those of the numbers, in their order. @throws FeedError `no-run` */
export async function withListedRuns(options: CommonOptions, ids: readonly number[], use: (runs: ListedRun[]) => void): Promise<void> {
  const { listRuns } = await import('../../backtester/store/read-runs.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  await withDatabase(options, async (url) => {
    const found = await withReader(url, (client) => listRuns(client, { ids }))
    refuseMissing(
      ids,
      found.map(({ runId }) => runId),
    )
    use(ids.flatMap((id) => found.filter(({ runId }) => runId === id)))
  })
}

/** How a run was configured: of a trial too, of which the figures alone were kept. @throws FeedError `no-run` */
export async function readConfigured(
  options: CommonOptions,
  id: number,
): Promise<Pick<RunResult, 'dataset' | 'strategy' | 'params' | 'settings'>> {
  const { readRun } = await import('../../backtester/store/read-runs.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  const found: RunResult[] = []
  await withDatabase(options, async (url) => {
    const run = await withReader(url, (client) => readRun(client, id))
    if (run) found.push(run)
  })
  refuseMissing([id], found.length > 0 ? [id] : [])
  return found[0] as RunResult
}

/** With all that they did. @throws FeedError `no-run`, or `run-figures` for one of which that was not kept */
export async function withStoredRuns(
  options: CommonOptions,
  ids: readonly number[],
  use: (runs: RunResult[]) => Promise<void> | void,
): Promise<void> {
  const { listRuns, readRun } = await import('../../backtester/store/read-runs.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  await withDatabase(options, async (url) => {
    const runs: RunResult[] = []
    for (const run of await withReader(url, (client) => listRuns(client, { ids }))) refuseFigures(run)
    for (const id of ids) {
      const run = await withReader(url, (client) => readRun(client, id))
      if (run) runs.push(run)
      else refuseMissing([id], [])
    }
    await use(runs)
  })
}

function refuseFigures({ isWhole, runId, experiment = '', params }: ListedRun): void {
  if (isWhole) return
  const given = Object.entries(params).map(
    ([name, value]) => `--param ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  throw new FeedError(
    `Run ${runId} is a trial of experiment ${experiment}, of which the figures alone were kept: \`tapedeck experiment show ${experiment}\` has them. ` +
      `To have all of it, run it again: tapedeck backtest ${given.join(' ')}, with the strategy, data and models of the experiment.`,
    { code: 'run-figures' },
  )
}
