import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { JournalBound } from '../../../../collector/journal/bound.ts'
import { Mark } from '../../../../market/marks.ts'
import { createCounts, DATABASE_REFUSALS, DROP_REASONS, TROUBLES } from '../../../../collector/telemetry/counts.ts'
import { serveTelemetry } from '../../../../collector/telemetry/http.ts'
import { createMetrics } from '../../../../collector/telemetry/metrics.ts'
import { ConfigError } from '../../../../market/errors.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'

const none = { idle: 0, queued: 0, asked: 0, open: 0, silent: 0, paused: 0, 'no-line': 0, refused: 0 }
const lines = { 'market-data': { ...none, open: 2, 'no-line': 41 }, 'tick-by-tick': none }

async function served(notReady: () => string[] = () => []) {
  const counts = createCounts()
  const bound = new JournalBound({ limitBytes: 9000, memoryBytes: 100, minFreeBytes: 0 })
  const metrics = createMetrics(counts, bound)
  metrics.watch({
    connection: () => 'degraded',
    pendingBatches: () => 3,
    lines: () => lines,
    openGaps: () => [{ fromTsUs: 1, cause: 'refused: 354', lines: 3 }],
    missingRows: () => 0,
    silentMs: () => undefined,
    dataExpected: () => true,
    journalTrouble: () => 'the journal is full',
    disk: { freeBytes: 4096, sizeBytes: 8192, reservedBytes: 1024 },
    databaseUp: () => false,
    commitLagMs: () => 2500,
    storage: {
      jobs: [
        { job: 'refresh', on: 'bars_1m', failed: false, overdueSeconds: 90 },
        { job: 'compression', on: 'quotes', failed: true, overdueSeconds: 0 },
      ],
    },
    stockSizes: () => ({ groups: { volume: { unit: 'lots', how: 'inferred' } }, lots: {} }),
    notReady,
  })
  const server = await serveTelemetry({
    host: '127.0.0.1',
    port: 0,
    registry: metrics.registry,
    notReady,
    status: () => ({ program: 'tapedeck' }),
    arbitrage: () => ({ open: [] }),
    universe: (withContracts) => ({ withContracts }),
  })
  onTestFinished(() => server.close())
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  return { counts, metrics, server, get, bound }
}

/** The samples of a scrape, by name with labels; every line must be one, or a comment that says what one is. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* \S/.test(line)) continue
    const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})?) (\S+)$/.exec(line) ?? []
    expect(name, line).toBeDefined()
    // The library's own histograms say so as long as they are empty.
    if (value?.toLowerCase() === 'nan') continue
    samples.set(name ?? '', Number(value))
    expect(samples.get(name ?? ''), line).not.toBeNaN()
  }
  return samples
}

/** Of what is counted from 0 on for each kind, so that its first time shows as a step: what has not happened. */
function isZeroByKind(name: string, samples: ReadonlyMap<string, number>): boolean {
  return /^tapedeck_(ticks_dropped|troubles|database_failures)_total\{/.test(name) && samples.get(name) === 0
}

describe('/metrics', () => {
  it('shows what was counted, in the form that Prometheus reads', async () => {
    const { counts, metrics, get, bound } = await served()
    bound.grow({ path: '', bytes: 0, uncommitted: 0, closed: false }, 700)
    bound.wait(7, 1)
    Object.assign(counts, {
      messages: 50,
      received: 30,
      written: 20,
      quarantined: 4,
      journaled: 25,
      settled: 24,
      lines: 2,
      gaps: 1,
      connects: 2,
      reconnects: 5,
    })
    counts.troubles['clock-stepped'] = 3
    counts.databaseRefusals['disk-full'] = 2
    counts.dropped.set('unknown-line', 3).set('no-session', 2)
    counts.marked.set(Mark.initial, 5).set(Mark.initial | Mark.late, 2)
    counts.unmapped.set(105, 3)
    counts.recovered = { found: 9, committed: 8, lost: 2 }
    counts.batches = { committed: 6, alreadyCommitted: 1 }
    metrics.journalSync({ seconds: 0.002, bytes: 512 })
    metrics.committed(30, 200)
    const { status, type, text } = await get('/metrics')
    const samples = samplesOf(text)

    expect(status).toBe(200)
    expect(type).toContain('text/plain')
    expect(
      Object.fromEntries(
        [...samples].filter(
          ([name]) =>
            name.startsWith('tapedeck_') &&
            !/_seconds|tapedeck_(lines|gateway_state|stock_sizes)\{/.test(name) &&
            !isZeroByKind(name, samples),
        ),
      ),
    ).toEqual({
      tapedeck_messages_total: 50,
      tapedeck_messages_unreadable_total: 0,
      tapedeck_ticks_received_total: 30,
      tapedeck_ticks_written_total: 20,
      tapedeck_ticks_quarantined_total: 4,
      'tapedeck_ticks_dropped_total{reason="unknown-line"}': 3,
      'tapedeck_ticks_dropped_total{reason="no-session"}': 2,
      'tapedeck_ticks_marked_total{mark="initial"}': 7,
      'tapedeck_ticks_marked_total{mark="late"}': 2,
      'tapedeck_messages_unmapped_total{type="105"}': 3,
      tapedeck_ticks_in_flight: 1,
      tapedeck_ticks_unaccounted: 0,
      tapedeck_recovered_ticks_total: 9,
      tapedeck_recovered_ticks_committed_total: 8,
      tapedeck_recovered_records_lost_total: 2,
      tapedeck_batches_committed_total: 6,
      tapedeck_batches_already_committed_total: 1,
      tapedeck_batches_pending: 3,
      tapedeck_ready: 1,
      tapedeck_lines_open: 2,
      tapedeck_feed_up: 1,
      tapedeck_feed_gaps_total: 1,
      tapedeck_gaps_open: 1,
      'tapedeck_lines_missing{cause="refused: 354"}': 3,
      tapedeck_rows_missing: 0,
      tapedeck_stock_sizes_doubted: 0,
      tapedeck_feed_connects_total: 2,
      tapedeck_feed_reconnects_total: 5,
      'tapedeck_troubles_total{kind="clock-stepped"}': 3,
      'tapedeck_database_failures_total{reason="disk-full"}': 2,
      tapedeck_database_up: 0,
      tapedeck_data_expected: 1,
      tapedeck_journal_failing: 1,
      tapedeck_journal_disk_free_bytes: 4096,
      tapedeck_journal_disk_size_bytes: 8192,
      tapedeck_journal_disk_reserved_bytes: 1024,
      'tapedeck_database_job_failed{policy="refresh",on="bars_1m"}': 0,
      'tapedeck_database_job_failed{policy="compression",on="quotes"}': 1,
      tapedeck_journal_bytes_total: 512,
      tapedeck_journal_unreleased_bytes: 700,
      tapedeck_journal_waiting_bytes: 7,
      tapedeck_journal_limit_bytes: 9000,
    })
    expect(samples.get('tapedeck_commit_lag_seconds')).toBe(2.5)
    expect([...samples].filter(([name]) => name.startsWith('tapedeck_aggregate_overdue_seconds'))).toEqual([
      ['tapedeck_aggregate_overdue_seconds{aggregate="bars_1m"}', 90],
    ])
    for (const [name, sum] of Object.entries({ journal_sync: 0.002, commit: 0.03, batch_age: 0.2 })) {
      expect(samples.get(`tapedeck_${name}_seconds_sum`)).toBe(sum)
      expect(samples.get(`tapedeck_${name}_seconds_count`)).toBe(1)
    }
    expect([...samples].filter(([name]) => name.startsWith('tapedeck_gateway_state{'))).toEqual(
      ['connecting', 'handshaking', 'ready', 'degraded', 'paused', 'waiting', 'stopped'].map((state) => [
        `tapedeck_gateway_state{state="${state}"}`,
        state === 'degraded' ? 1 : 0,
      ]),
    )
    expect([...samples].filter(([name, lines]) => name.startsWith('tapedeck_lines{') && lines > 0)).toEqual([
      ['tapedeck_lines{feed="market-data",state="open"}', 2],
      ['tapedeck_lines{feed="market-data",state="no-line"}', 41],
    ])
    expect([...samples].filter(([name, is]) => name.startsWith('tapedeck_stock_sizes{') && is > 0)).toEqual([
      ['tapedeck_stock_sizes{of="quotes",unit="unknown"}', 1],
      ['tapedeck_stock_sizes{of="rt-volume",unit="unknown"}', 1],
      ['tapedeck_stock_sizes{of="tick-by-tick",unit="unknown"}', 1],
      ['tapedeck_stock_sizes{of="volume",unit="lots"}', 1],
    ])
    expect(samples.get('process_start_time_seconds')).toBeGreaterThan(0)
  })

  it('counts every kind of trouble and of drop from 0 on, so that the first one is an increase', async () => {
    const { get } = await served()
    const samples = samplesOf((await get('/metrics')).text)
    const zeros = (name: string) => [...samples].filter(([sample, value]) => sample.startsWith(`tapedeck_${name}_total{`) && value === 0)
    expect(zeros('troubles')).toHaveLength(TROUBLES.length)
    expect(zeros('database_failures')).toHaveLength(DATABASE_REFUSALS.length)
    expect(zeros('ticks_dropped')).toHaveLength(DROP_REASONS.length)
  })

  it('repeats its answer when nothing has happened, and gives the new figures when something has', async () => {
    const { counts, get } = await served()
    counts.received = 30
    counts.dropped.set('no-session', 7)
    const figures = async () => samplesOf((await get('/metrics?x=1')).text)
    expect((await figures()).get('tapedeck_ticks_received_total')).toBe(30)
    expect((await figures()).get('tapedeck_ticks_received_total')).toBe(30)
    expect((await figures()).get('tapedeck_ticks_unaccounted')).toBe(23)
    expect((await figures()).get('tapedeck_ticks_dropped_total{reason="no-session"}')).toBe(7)
    counts.received = 31
    counts.dropped.set('no-session', 31)
    const after = await figures()
    expect(after.get('tapedeck_ticks_received_total')).toBe(31)
    expect(after.get('tapedeck_ticks_unaccounted')).toBe(0)
  })
})

describe('/healthz and /readyz', () => {
  it('say that the process works', async () => {
    const { get } = await served(() => ['the database is not reachable'])
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
  })

  it('say what keeps the collector from recording, as long as it does', async () => {
    const reasons = ['not connected to the gateway', 'the database is not reachable']
    const { get } = await served(() => [...reasons])
    expect(await get('/readyz')).toMatchObject({ status: 503, text: 'not connected to the gateway\nthe database is not reachable\n' })
    reasons.splice(0)
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
  })

  it('are named to those who ask for something else', async () => {
    const { get } = await served()
    expect(await get('/')).toMatchObject({ status: 404, text: 'Known: /metrics /healthz /readyz /status /arbitrage /universe /lines\n' })
  })
})

describe('/status, /arbitrage and /universe', () => {
  it('are JSON, as they are at that moment', async () => {
    const { get } = await served()
    expect(await get('/status')).toEqual({ status: 200, type: 'application/json', text: '{"program":"tapedeck"}' })
    expect(await get('/universe')).toMatchObject({ status: 200, text: '{"withContracts":false}' })
    expect(await get('/universe?contracts')).toMatchObject({ status: 200, text: '{"withContracts":true}' })
    expect(await get('/arbitrage')).toEqual({ status: 200, type: 'application/json', text: '{"open":[]}' })
  })
})

describe('the server', () => {
  it('refuses a port that is taken, and says what to set', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const { registry } = createMetrics(createCounts(), unbounded())
    const refused = serveTelemetry({
      host: '127.0.0.1',
      port,
      registry,
      notReady: () => [],
      status: () => ({}),
      arbitrage: () => ({}),
      universe: () => ({}),
    })

    await expect(refused).rejects.toBeInstanceOf(ConfigError)
    await expect(refused).rejects.toThrow(
      expect.objectContaining({
        code: 'metrics-port',
        message: `Cannot serve metrics on 127.0.0.1:${port} (EADDRINUSE). Set metrics.port to a free port, to 0 for any, or to off.`,
      }),
    )
  })

  it('closes while a client is still connected', async () => {
    const { server, get } = await served()
    const half = connect(server.port, '127.0.0.1')
    onTestFinished(() => void half.destroy())
    await once(half, 'connect')
    half.write('GET /healthz HTTP/1.1\r\n')
    await get('/healthz')
    await server.close()

    await expect(get('/healthz')).rejects.toThrow()
  })
})
