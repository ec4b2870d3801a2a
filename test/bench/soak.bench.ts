/**
 * A long load at a given pace: 1,000 lines of a made-up market at 20,000 ticks a second, from the socket to the commit. Every tick
 * that was served must be in the database; printed are how long ticks took until they were committed, and how memory went.
 * TAPEDECK_SOAK_SECONDS says for how long; a minute, when it does not.
 */

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'

import { bench } from 'vitest'

import { Part } from '../../backtester/demo/part.ts'
import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { COMMAND, type CollectTotals, startCollector, temporaryDirectory } from '../support/process/recording.ts'

const LINES = 1000
const TICKS_PER_SECOND = 20_000
const SECONDS = Number(process.env['TAPEDECK_SOAK_SECONDS'] ?? 60)
const SAMPLE_MS = 5000
const TABLES = ['quotes', 'trades', 'option_greeks', 'statistics', 'rejected_ticks']

forEachEdition('a long load', ({ name, createTapeDatabase }) => {
  bench(
    `${LINES} lines at ${TICKS_PER_SECOND} ticks/s for ${SECONDS} s, on ${name}`,
    async () => {
      const databaseUrl = await createTapeDatabase()
      const dataDir = await temporaryDirectory()
      const gateway = startGateway()
      try {
        const { port } = await gateway.event<{ port: number }>('listening')
        const collectArgs = ['--metrics-port', '0', '--lines', String(LINES)]
        const collector = startCollector({ port, databaseUrl, dataDir, symbol: 'SYN', collectArgs })
        const samples: Sample[] = []
        let metricsPort: number | undefined
        collector.onEvent<{ metricsPort?: number }>('progress', (progress) => {
          metricsPort = progress.metricsPort
        })
        const sampler = setInterval(() => {
          if (metricsPort !== undefined)
            sample(metricsPort).then(
              (taken) => samples.push(taken),
              () => undefined,
            )
        }, SAMPLE_MS)
        const collected = await collector.event<CollectTotals>('summary').finally(() => clearInterval(sampler))
        await collector.succeeded()
        const { ticksServed } = await gateway.event<{ ticksServed: number }>('totals')
        const rows = await count(databaseUrl, collected.sessionId)
        assert.deepEqual(
          { served: ticksServed, ...rows, dropped: collected.dropped },
          { served: collected.received, all: collected.received, distinct: collected.received, dropped: 0 },
        )
        report(name, collected, samples)
      } finally {
        gateway.kill('SIGKILL')
        await rm(dataDir, { recursive: true, force: true })
      }
    },
    { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0, throws: true },
  )
})

function startGateway(): Part {
  const market = ['--synthetic', String(LINES), '--ticks-per-second', String(TICKS_PER_SECOND), '--seconds', String(SECONDS)]
  const serving = ['--lines', String(LINES), '--start-after-lines', String(LINES), '--speed', '1', '--sampling', 'off']
  return new Part('gateway', COMMAND, [
    'gateway',
    ...market,
    ...serving,
    '--port',
    '0',
    '--publish-time',
    '--rate',
    'off',
    '--once',
    '--json',
  ])
}

interface Sample {
  residentBytes: number
  heapBytes: number
  /** Upper bound of the bucket in which the 99th percentile of the ages of all batches so far lies. */
  p99Seconds: number
}

async function sample(port: number): Promise<Sample> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const value = (metric: string) => Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1])
  const buckets = [...text.matchAll(/^tapedeck_batch_age_seconds_bucket\{le="(\S+)"\} (\d+)$/gm)]
  const all = Number(buckets.at(-1)?.[2])
  return {
    residentBytes: value('process_resident_memory_bytes'),
    heapBytes: value('nodejs_heap_size_used_bytes'),
    p99Seconds: Number(buckets.find(([, , batches]) => Number(batches) >= all * 0.99)?.[1]),
  }
}

async function count(databaseUrl: string, sessionId: number): Promise<{ all: number; distinct: number }> {
  const client = await connectClient(databaseUrl)
  const ticks = TABLES.map((table) => `SELECT seq FROM ${table} WHERE session_id = ${sessionId}`).join(' UNION ALL ')
  const { rows } = await client.query(`SELECT count(*)::int AS all, count(DISTINCT seq)::int AS distinct FROM (${ticks}) AS t`)
  await client.end()
  return rows[0]
}

function report(name: string, { received, quarantined, messages }: CollectTotals, samples: readonly Sample[]): void {
  // The heap goes up and down with its collections: the means of the second and of the last fifth are compared.
  const fifth = Math.ceil(samples.length / 5)
  const mean = (part: readonly Sample[], key: keyof Sample) => part.reduce((sum, taken) => sum + taken[key], 0) / part.length / 2 ** 20
  const early = samples.slice(fifth, 2 * fifth)
  const late = samples.slice(-fifth)
  const line = (label: string, text: string) => `  ${label.padEnd(44)}${text.padStart(20)}\n`
  process.stdout.write(
    [
      `\n${LINES} lines at ${TICKS_PER_SECOND.toLocaleString('en')} ticks/s for ${SECONDS} s, on ${name}\n`,
      line('ticks served = received = in the database', received.toLocaleString('en')),
      line('of them quarantined', quarantined.toLocaleString('en')),
      line('messages', messages.toLocaleString('en')),
      line('socket to commit, 99 % within, ms', String((samples.at(-1)?.p99Seconds ?? Number.NaN) * 1000)),
      line('heap, early and late, MiB', `${mean(early, 'heapBytes').toFixed(0)} ${mean(late, 'heapBytes').toFixed(0)}`),
      line('resident, early and late, MiB', `${mean(early, 'residentBytes').toFixed(0)} ${mean(late, 'residentBytes').toFixed(0)}`),
    ].join(''),
  )
}
