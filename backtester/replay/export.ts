/**
 * Writes recorded sessions out of the database as text: the entry behind `tapedeck export`. Streams: it reads no faster than the
 * file or the reader of standard output takes, and the server waits meanwhile. A file appears under its name only when it is complete.
 */

import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'

import { openRecordSource, type RecordQuery } from '../../db/read/record-source.ts'
import { TapedeckError, WriteError } from '../../market/errors.ts'
import { isTick } from '../../market/tick.ts'
import { createLineFormat, type ExportFormat } from './export-format.ts'
import { type SessionsRead, sessionsRead } from './sessions-read.ts'

export interface ExportOptions {
  url: string
  query: RecordQuery
  format: ExportFormat
  /** A file, replaced when it exists, or a function that takes the text and returns a promise when it wants a pause. */
  out: string | ((text: string) => Promise<void> | undefined)
  /** After every chunk of ticks. */
  onProgress?: ((progress: ExportProgress) => void) | undefined
  signal: AbortSignal
}

export interface ExportProgress {
  ticks: number
  /** Of whole sessions: absent when the query takes only a part. */
  totalTicks?: number
  tsUs: number
}

export interface ExportSummary extends SessionsRead {
  ticks: number
  quotes: number
  trades: number
  greeks: number
  statistics: number
  quarantined: number
  bytes: number
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  seconds: number
}

/**
 * Exports the ticks that the query selects, in the order of (tsUs, seq).
 *
 * @throws FeedError when there is no such session or symbol, or the database cannot be read; WriteError `export-unwritable`;
 *   TapedeckError `export-stopped` when the signal aborts. No file is left behind then.
 */
export async function exportSession(options: ExportOptions): Promise<ExportSummary> {
  const { out } = options
  if (typeof out === 'function') return writeSession(options, async (text) => out(text))

  const refused = (cause: NodeJS.ErrnoException) => {
    throw new WriteError(`${out} cannot be written (${cause.code}). Check that its folder exists, its permissions and the free space.`, {
      code: 'export-unwritable',
      cause,
    })
  }
  const there = await stat(out).catch(() => undefined)
  // A rename would put a file in the place of a device such as /dev/null.
  if (there && !there.isFile())
    throw new WriteError(`${out} is there and is no file. Name a file, or - for standard output.`, { code: 'export-unwritable' })
  const partial = `${out}.${randomBytes(4).toString('hex')}.partial`
  const file = await open(partial, 'wx').catch(refused)
  try {
    const summary = await writeSession(options, (text) => file.appendFile(text).catch(refused))
    await file.sync().catch(refused)
    await file.close()
    await rename(partial, out).catch(refused)
    return summary
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
}

async function writeSession(options: ExportOptions, write: (text: string) => Promise<void>): Promise<ExportSummary> {
  const { url, query, format, onProgress, signal } = options
  const startedMs = performance.now()
  const source = await openRecordSource({ url }, query)
  const isWhole = query.fromUs === undefined && query.toUs === undefined && query.symbols === undefined
  const total = source.sessions.reduce(
    (sum, { acceptedTicks, quarantinedTicks }) => sum + acceptedTicks + (query.includeQuarantined ? quarantinedTicks : 0),
    0,
  )
  const { header, line } = createLineFormat(format)
  const byKind = { quote: 0, trade: 0, greeks: 0, statistic: 0 }
  let count = 0
  let quarantined = 0
  let bytes = 0
  let firstTsUs: number | undefined
  let lastTsUs: number | undefined

  const append = async (text: string) => {
    bytes += Buffer.byteLength(text)
    await write(text)
  }
  if (header !== '') await append(header)
  for await (const { sessionId, records } of source.records()) {
    if (signal.aborted) throw new TapedeckError('The export was stopped before its end.', { code: 'export-stopped' })
    let text = ''
    for (const record of records) {
      text += line(record, sessionId)
      if (!isTick(record)) continue
      count++
      byKind[record.kind]++
      if (record.verdict?.disposition === 'quarantine') quarantined++
      firstTsUs ??= record.tsUs
      lastTsUs = record.tsUs
    }
    if (text !== '') await append(text)
    if (lastTsUs !== undefined) onProgress?.({ ticks: count, tsUs: lastTsUs, ...(isWhole && { totalTicks: total }) })
  }
  return {
    ...sessionsRead(source.sessions),
    ticks: count,
    quotes: byKind.quote,
    trades: byKind.trade,
    greeks: byKind.greeks,
    statistics: byKind.statistic,
    quarantined,
    bytes,
    firstTsUs,
    lastTsUs,
    seconds: (performance.now() - startedMs) / 1000,
  }
}
