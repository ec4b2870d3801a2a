/** What a running collector reports about itself over HTTP. */

import { spawnSync } from 'node:child_process'

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { statusSchema } from '../../collector/telemetry/status.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, type Collecting, type CollectingOptions, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'

const LINES = CONTRACTS.length
const PROMTOOL = 'promtool'
const hasPromtool = spawnSync(PROMTOOL, ['--version']).error === undefined

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  // Every tenth quote is crossed, and quarantined.
  const quotes = busyQuotes(50_000, MS_US).map((quote, i) => (i % 10 === 0 ? { ...quote, askPrice: 1 + i / 1e6 } : quote))
  tape = await room.write(tapeOf(quotes))
})
afterAll(() => room.clear())

async function get(port: number | undefined, path: string) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

/** Samples by name, those of one name with different labels added up. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)$/.exec(line) ?? []
    if (name !== undefined) samples.set(name, (samples.get(name) ?? 0) + Number(value))
  }
  return samples
}

async function recordingCollector(
  databaseUrl: string,
  options: Partial<CollectingOptions> = {},
): Promise<{ collector: Collecting; port: number | undefined }> {
  const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
  const collector = await startCollecting({ port, databaseUrl, metrics: { host: '127.0.0.1', port: 0 }, ...options })
  const { metricsPort } = await collector.until('it writes', ({ counts }) => counts.written > 500 && counts.quarantined > 50)
  return { collector, port: metricsPort }
}

forEachEdition('a running collector', (edition) => {
  it('gives figures that add up in every single scrape', async () => {
    const { collector, port } = await recordingCollector(await edition.createDatabase())
    for (let scrape = 0; scrape < 20; scrape++) {
      const { status, type, text } = await get(port, '/metrics')
      expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
      const samples = samplesOf(text)
      const of = (name: string) => samples.get(`tapedeck_${name}`) ?? Number.NaN
      const dropped = samples.get('tapedeck_ticks_dropped_total') ?? 0
      expect(of('ticks_received_total')).toBe(of('ticks_written_total') + of('ticks_quarantined_total') + dropped + of('ticks_in_flight'))
      expect(of('ticks_unaccounted')).toBe(0)
      expect([of('lines_open'), of('feed_up')]).toEqual([LINES, 1])
      expect(of('messages_total')).toBeGreaterThan(of('ticks_received_total'))
    }
    const figures = samplesOf((await get(port, '/metrics')).text)
    for (const name of ['ticks_written_total', 'ticks_quarantined_total', 'batches_committed_total', 'journal_bytes_total'])
      expect(figures.get(`tapedeck_${name}`), name).toBeGreaterThan(0)
    for (const name of ['commit_seconds', 'journal_sync_seconds', 'batch_age_seconds'])
      expect(figures.get(`tapedeck_${name}_count`), name).toBeGreaterThan(0)
    await collector.stop()
  })

  it('notices rows that were committed and are gone, once, and says how many', async () => {
    const databaseUrl = await edition.createDatabase()
    const { collector, port } = await recordingCollector(databaseUrl, { checkRowsMs: 200 })
    const missing = async () => statusSchema.parse(JSON.parse((await get(port, '/status')).text)).database.missingRows
    await vi.waitFor(async () => expect(await missing()).toBe(0), PATIENCE)
    const [gone] = await ask<{ rows: number }>(
      databaseUrl,
      'WITH gone AS (DELETE FROM quotes WHERE seq % 10 = 0 RETURNING 1) SELECT count(*)::int AS rows FROM gone',
    )
    expect(gone?.rows).toBeGreaterThan(10)
    expect(await collector.said('committed rows are gone')).toMatchObject({ level: 50, rows: gone?.rows })
    expect(await missing()).toBe(gone?.rows)
    expect(samplesOf((await get(port, '/metrics')).text).get('tapedeck_rows_missing')).toBe(gone?.rows)
    await collector.stop()
    expect(collector.logged.filter(({ msg }) => msg.includes('committed rows are gone'))).toHaveLength(1)
  })

  it(`gives them in the form that promtool approves of${hasPromtool ? '' : ' (promtool is not installed)'}`, async ({ skip }) => {
    skip(!hasPromtool, 'promtool is not installed')
    const { collector, port } = await recordingCollector(await edition.createDatabase())
    const { text } = await get(port, '/metrics')
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    await collector.stop()
  })

  it('is healthy all along, and ready as long as it records', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    proxy.cut()
    const collector = await startCollecting({ port: proxy.port, databaseUrl, metrics: { host: '127.0.0.1', port: 0 } })
    const { metricsPort } = await collector.until('it listens', (progress) => progress.metricsPort !== undefined)
    const ready = () => get(metricsPort, '/readyz')
    expect(await get(metricsPort, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
    expect(await ready()).toMatchObject({
      status: 503,
      text: expect.stringMatching(
        /^not connected to the gateway \((connecting|handshaking|waiting)\)\nnot recording: the time is not known yet\nnothing was written to the database yet\n$/,
      ) as string,
    })

    proxy.resume()
    await vi.waitFor(async () => expect(await ready()).toMatchObject({ status: 200, text: 'ready\n' }), PATIENCE)
    proxy.cut()
    await vi.waitFor(
      async () =>
        expect(await ready()).toMatchObject({
          status: 503,
          text: expect.stringMatching(
            /^not connected to the gateway \((connecting|handshaking|waiting)\)\ndata is missing since 2014-06-05T13:3\S+: the gateway closed the connection\n$/,
          ) as string,
        }),
      PATIENCE,
    )
    expect(await get(metricsPort, '/healthz')).toMatchObject({ status: 200 })
    expect(await get(metricsPort, '/elsewhere')).toMatchObject({ status: 404 })

    await collector.stop()
    await expect(get(metricsPort, '/healthz')).rejects.toThrow('fetch failed')
  })
})
