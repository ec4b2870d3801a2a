import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { type ExportOptions, type ExportProgress, exportSession } from '../../backtester/replay/export.ts'
import { formatExportProgress, formatExportSummary } from '../../cli/replay-report.ts'
import { createLineFormat } from '../../backtester/replay/export-format.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import type { RecordQuery } from '../../db/read/record-source.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { COMMAND } from '../support/process/recording.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { block, contractOf, FIRST_TS_US, quote } from '../support/tape/ticks.ts'
import { quarantined } from '../support/tape/verdicts.ts'

const SESSION = 4096
const LONG = 8192
const LONG_ROWS = 200_000
const SECOND_US = 1_000_000

const recorded: Tick[] = Array.from({ length: 60 }, (_, i): Tick => {
  const common = { seq: i + 1, tsUs: FIRST_TS_US + i * SECOND_US, instrument: i % 3 }
  if (i % 4 === 0) return { kind: 'trade', ...common, price: 0.1 * i, size: i, source: 'import', venue: 'N', conditions: '20,1' }
  if (i % 4 === 1) return { kind: 'greeks', ...common, basis: 'model', delta: i / 7 }
  if (i % 4 === 2) return { kind: 'statistic', ...common, name: 'day-volume', value: i }
  const verdict = i % 8 === 3 ? quarantined('spike', 'too "far"') : undefined
  return quote(i + 1, { ...common, verdict, eventTsUs: common.tsUs - 1 })
})
const keptOut = recorded.filter(({ verdict }) => verdict).length

forEachEdition('an export', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-export-'))
    url = await createTapeDatabase()
    admin = await connectClient(url)
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: SESSION, batchNo: 1, blocks: [block(recorded)] }, contractOf)
    await pool.end()
    await admin.query(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
       SELECT timestamptz '2014-06-04 13:30Z' + i * interval '1 millisecond', ${LONG}, i, 1, i FROM generate_series(1, ${LONG_ROWS}) AS i`,
    )
    await admin.query(`INSERT INTO batches SELECT ${LONG}, 1, ${LONG_ROWS}, 0, 0, min(ts), max(ts) FROM quotes WHERE session_id = ${LONG}`)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
    await admin.end()
  })

  const options = (query: Partial<RecordQuery>, others: Partial<ExportOptions> = {}): ExportOptions => ({
    url,
    query: { sessionId: SESSION, ...query },
    format: 'csv',
    out: join(folder, 'out.csv'),
    signal: new AbortController().signal,
    ...others,
  })
  /** The lines that the ticks as they were recorded are to give. */
  const linesOf = async (ticks: Tick[], format: ExportOptions['format']) => {
    const { contracts } = await openTapeReader({ url }, { sessionId: SESSION })
    const { header, line } = createLineFormat(format, contracts)
    const numbers = new Map([...contracts].map(([id, { symbol, kind }]) => [`${symbol} ${kind}`, id]))
    const numberOf = ({ symbol, kind }: { symbol: string; kind: string }) => numbers.get(`${symbol} ${kind}`) ?? expect.fail()
    return (
      header + ticks.map((tick) => line({ ...tick, instrument: numberOf(contractOf(tick.instrument) ?? expect.fail()) }, SESSION)).join('')
    )
  }

  it('has the accepted ticks of all kinds in their order, and is there only when it is complete', async () => {
    const progress: ExportProgress[] = []
    const summary = await exportSession(options({}, { onProgress: (now) => progress.push(now) }))
    const accepted = recorded.filter(({ verdict }) => !verdict)
    const text = await readFile(join(folder, 'out.csv'), 'utf8')
    expect(text).toBe(await linesOf(accepted, 'csv'))
    expect(await readdir(folder)).toEqual(['out.csv'])
    expect(summary).toMatchObject({
      sessionId: SESSION,
      ticks: accepted.length,
      quotes: accepted.filter(({ kind }) => kind === 'quote').length,
      trades: 15,
      greeks: 15,
      statistics: 15,
      quarantined: 0,
      bytes: Buffer.byteLength(text),
      firstTsUs: accepted[0]?.tsUs,
      lastTsUs: accepted.at(-1)?.tsUs,
    })
    expect(progress.at(-1)).toEqual({ ticks: accepted.length, totalTicks: accepted.length, tsUs: accepted.at(-1)?.tsUs })
    expect(progress.slice(-1).map(formatExportProgress)).toEqual([`100 %  ${accepted.length} ticks  2014-06-05T13:30:58Z`])
    expect(formatExportSummary(summary)).toMatch(/^Session +4096\nTicks +52\nQuotes +7\nTrades +15\n/)
  })

  it('has quarantined ticks in their places when asked for', async () => {
    const summary = await exportSession(options({ includeQuarantined: true }, { format: 'ndjson' }))
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe(await linesOf(recorded, 'ndjson'))
    expect(summary).toMatchObject({ ticks: 60, quarantined: keptOut })
  })

  it('takes a time and symbols, and then knows no total', async () => {
    const progress: ExportProgress[] = []
    const query = { fromUs: FIRST_TS_US + 10 * SECOND_US, toUs: FIRST_TS_US + 20 * SECOND_US, symbols: ['FOXA'], includeQuarantined: true }
    await exportSession(options(query, { onProgress: (now) => progress.push(now) }))
    const wanted = recorded.slice(10, 20).filter(({ instrument }) => instrument === 2)
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe(await linesOf(wanted, 'csv'))
    expect(progress.at(-1)).toEqual({ ticks: wanted.length, tsUs: wanted.at(-1)?.tsUs })
    expect(progress.slice(-1).map(formatExportProgress)).toEqual([`${wanted.length} ticks  2014-06-05T13:30:17Z`])
  })

  it('of a time without ticks is a header', async () => {
    expect(await exportSession(options({ fromUs: 0, toUs: 1 }))).toMatchObject({ ticks: 0, firstTsUs: undefined })
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe(await linesOf([], 'csv'))
  })

  it('waits for a slow reader, and the server with it', async () => {
    let release = () => {}
    let waiting = false
    const out = (_text: string) => {
      if (waiting) return undefined
      waiting = true
      return new Promise<void>((resolve) => {
        release = resolve
      })
    }
    const done = exportSession(options({ sessionId: LONG }, { format: 'ndjson', out }))
    let looks = 0
    const serverWaits = async () => {
      const { rows } = await admin.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientWrite' AND query LIKE 'COPY%'",
      )
      looks = rows.length === 1 ? looks + 1 : 0
      return looks
    }
    await expect.poll(serverWaits, { timeout: 10_000 }).toBe(10)
    release()
    expect(await done).toMatchObject({ ticks: LONG_ROWS })
  })

  it('that is stopped or loses its database leaves the file that was there, and nothing else', async () => {
    await writeFile(join(folder, 'out.csv'), 'before')
    const stop = new AbortController()
    const stopped = exportSession(options({ sessionId: LONG }, { signal: stop.signal, onProgress: () => stop.abort() }))
    await expect(stopped).rejects.toMatchObject({ name: 'TapedeckError', code: 'export-stopped' })

    const proxy = await startPostgresProxy(url)
    onTestFinished(() => proxy.close())
    const cut = exportSession(options({ sessionId: LONG }, { url: proxy.url(url), onProgress: () => proxy.cut() }))
    await expect(cut).rejects.toMatchObject({ name: 'FeedError', code: 'database-unreachable' })

    expect(await readdir(folder)).toEqual(['out.csv'])
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe('before')
  })

  it('says what to do about a place that cannot be written', async () => {
    const refused = exportSession(options({}, { out: join(folder, 'absent', 'out.csv') }))
    await expect(refused).rejects.toMatchObject({ name: 'WriteError', code: 'export-unwritable' })
    await expect(refused).rejects.toThrow(/out\.csv cannot be written \(ENOENT\)\. Check that its folder exists/)
    await expect(exportSession(options({}, { out: folder }))).rejects.toThrow(
      /is there and is no file\. Name a file, or - for standard output/,
    )
  })

  it('is a command that writes to standard output', async () => {
    const [program, ...args] = COMMAND
    const run = (...more: string[]) =>
      promisify(execFile)(program, [...args, 'export', ...more], { env: { ...process.env, DATABASE_URL: url }, cwd: folder })
    const { stdout, stderr } = await run('--session', String(SESSION), '--include-quarantined', '--out', '-')
    expect(stdout).toBe(await linesOf(recorded, 'csv'))
    expect(stderr).toBe('')
    await expect(run('--session', '5', '--out', '-')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('no session 5') })
    await expect(run('--session', 'x', '--out', '-')).rejects.toMatchObject({ stderr: expect.stringContaining('expected latest, or') })
  })
})
