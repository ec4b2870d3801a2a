/** The status of a database as text of at most 80 columns. */

import type { AggregateStatus, DatabaseStatus, JobStatus, TableStatus } from '../../db/read/queries/database-status.ts'
import { alignColumns, shortNumber, wrapText } from '../../system/text-table.ts'
import { length, percent, second, short } from '../report-words.ts'
import { fileSize } from './sizes.ts'

const WIDTH = 80

export function formatDatabaseStatus(status: DatabaseStatus): string {
  const { server, role, missingMigrations, bytes, newestTickUs, tables, jobs, aggregates, bytesPerTick, notSeen } = status
  const head = [
    ['Server', server],
    ['Role', role],
    [
      'Schema',
      missingMigrations.length === 0 ? 'up to date' : `${missingMigrations.length} migrations behind: run \`tapedeck db migrate\``,
    ],
    ['Size', bytes === null ? 'not known' : fileSize(bytes)],
    ['Newest tick', newestTickUs === null ? 'none' : second(newestTickUs)],
    ['Bytes per tick', bytesPerTick === null ? 'no ticks counted yet' : String(Math.round(bytesPerTick))],
  ]
  const parts = [alignColumns(head), tableOf(tables)]
  if (aggregates.length > 0)
    parts.push(alignColumns([['aggregate', 'computed up to', 'behind the newest tick'], ...aggregates.map(aggregateRow)]))
  if (jobs.length > 0) parts.push(alignColumns([['policy', 'on', 'every', 'last run', 'ended'], ...jobs.map(jobRow)]))
  const advice = [
    ...jobs.filter(({ status: ended }) => ended === 'Failed').map(failing),
    ...notSeen.map((what) => `Not seen, as ${role}: ${what}.`),
  ]
  if (advice.length > 0) parts.push(advice.flatMap((text) => wrapText(text, WIDTH)).join('\n'))
  return parts.join('\n\n')
}

function tableOf(tables: readonly TableStatus[]): string {
  const shown = tables.filter(({ rows, bytes, chunks }) => rows > 0 || (chunks ?? 0) > 0 || bytes > 100_000)
  const rest = tables.length - shown.length
  const rows = shown.map((table) => [
    short(table.table, 22),
    shortNumber(table.rows).padStart(8),
    fileSize(table.bytes).padStart(9),
    table.chunks === undefined ? '' : `${table.chunks}`.padStart(6),
    table.chunks === undefined ? '' : `${table.compressedChunks ?? 0}`.padStart(10),
    saved(table),
  ])
  const head = ['table', '    rows', '     size', 'chunks', 'compressed', 'saved']
  return [alignColumns([head, ...rows]), ...(rest > 0 ? [`and ${rest} that are empty or were not counted yet`] : [])].join('\n')
}

/** Of what the compressed chunks took before. */
function saved({ uncompressedBytes, compressedBytes }: TableStatus): string {
  if (!uncompressedBytes || compressedBytes === undefined) return ''
  return percent(Math.max(0, 1 - compressedBytes / uncompressedBytes))
}

function aggregateRow({ name, computedUs, lagUs }: AggregateStatus): string[] {
  if (computedUs === null) return [name, 'never: run `tapedeck db maintain`', '']
  return [name, second(computedUs), lagUs === null ? '' : length(lagUs)]
}

const time = (iso: string | null) => (iso === null || iso.startsWith('-') ? 'never' : `${iso.slice(0, 16)}Z`)

function jobRow({ job, on, every, lastRun, status }: JobStatus): string[] {
  return [
    job.replace(/^policy_|_continuous_aggregate$/g, ''),
    short(on ?? '', 16),
    short(every, 12),
    time(lastRun),
    status ?? 'not run yet',
  ]
}

function failing({ id, job, on, error }: JobStatus): string {
  const why = error === undefined ? 'why is in the log of the server' : error.replace(/\.$/, '')
  return `FAILING: ${job} on ${on ?? 'nothing'}: ${why}. Run it by hand to see more: CALL run_job(${id}).`
}
